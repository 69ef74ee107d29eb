// The flow job: publishers and receivers at full speed over a fixed time, then an exact account of
// every byte. The figures hold only if that account comes out; otherwise the job fails.
import { startBystanders } from "./bystanders.ts";
import { waitUntil } from "./clock.ts";
import { encodeMessage, FINAL, ORDINARY } from "./encode.ts";
import { FixedStream } from "./fixed-stream.ts";
import type { Figures, FlowJob, ReceiverSpec } from "./job.ts";
import { type Link, openLink } from "./link.ts";
import { Publisher } from "./publisher.ts";
import { measureWindow, type Turns } from "./window.ts";

const DRAIN_DEADLINE_MS = 20_000;
const SID = "1";

interface Receiver {
  readonly spec: ReceiverSpec;
  readonly link: Link;
  readonly stream: FixedStream;
}

interface Flow {
  readonly job: FlowJob;
  readonly publishers: readonly Publisher[];
  readonly publisherLinks: readonly Link[];
  readonly receivers: readonly Receiver[];
  /** Publisher chunks that the server has confirmed; counted where there is no receiver. */
  confirmedMessages: number;
}

async function openReceiver(job: FlowJob, spec: ReceiverSpec): Promise<Receiver> {
  const publisher = job.publishers[spec.publisher];
  if (publisher === undefined) throw new Error(`no publisher ${spec.publisher}`);
  const link = await openLink(job.target, spec.login);
  const queue = spec.queue === undefined ? "" : `${spec.queue} `;
  link.write(`SUB ${spec.filter} ${queue}${SID}\r\n`);
  await link.fence();
  const first = encodeMessage(
    publisher.subjects.prefix + "0".repeat(publisher.subjects.width),
    SID,
    publisher.payloadBytes,
    ORDINARY,
  );
  const stream = new FixedStream(first.length, (line) => link.takeLine(line));
  return { spec, link, stream };
}

/** Lets each receiver's progress count for its publisher. */
function connectReceiver(receiver: Receiver, publisher: Publisher): void {
  const { stream, link } = receiver;
  publisher.deliveryBytes = stream.messageBytes;
  link.receive = (chunk, length) => {
    const before = stream.bytes;
    stream.push(chunk, length);
    publisher.delivered(stream.bytes - before);
  };
}

async function openFlow(job: FlowJob): Promise<Flow> {
  const receivers: Receiver[] = [];
  const publishers: Publisher[] = [];
  const publisherLinks: Link[] = [];
  const isConfirmed = job.receivers.length === 0;
  // Opened in turn, so that a server which spreads connections splits each pair as it likes.
  for (const [index, spec] of job.publishers.entries()) {
    const link = await openLink(job.target, spec.login);
    publisherLinks.push(link);
    const publisher = new Publisher(link, spec, isConfirmed ? "PING\r\n" : "");
    publishers.push(publisher);
    const mine = job.receivers.filter((receiver) => receiver.publisher === index);
    for (const receiverSpec of mine) {
      const receiver = await openReceiver(job, receiverSpec);
      connectReceiver(receiver, publisher);
      receivers.push(receiver);
    }
    const queues = new Set(mine.map((receiver) => receiver.queue).filter((name) => name));
    const plain = mine.filter((receiver) => receiver.queue === undefined);
    publisher.fanOut = plain.length + queues.size;
  }
  const flow: Flow = { job, publishers, publisherLinks, receivers, confirmedMessages: 0 };
  if (isConfirmed) for (const n of publishers.keys()) countConfirmations(flow, n);
  return flow;
}

/** With no receiver, the PONG to the PING behind every chunk says how far the server is. */
function countConfirmations(flow: Flow, index: number): void {
  const link = flow.publisherLinks[index];
  const publisher = flow.publishers[index];
  if (link === undefined || publisher === undefined) return;
  const { messagesPerChunk } = publisher;
  let partial = "";
  link.receive = (chunk, length) => {
    const lines = (partial + chunk.toString("latin1", 0, length)).split("\r\n");
    partial = lines.pop() ?? "";
    for (const line of lines) {
      if (line === "PONG") flow.confirmedMessages += messagesPerChunk;
      else link.takeLine(line);
    }
  };
}

function progress(flow: Flow): number {
  if (flow.receivers.length === 0) return flow.confirmedMessages;
  let messages = 0;
  for (const { stream } of flow.receivers) messages += stream.bytes / stream.messageBytes;
  return messages;
}

export async function runFlow(job: FlowJob, turns?: Turns): Promise<Figures> {
  const stopBystanders = await startBystanders(job.target, job.bystanders);
  const flow = await openFlow(job);
  for (const publisher of flow.publishers) publisher.start();
  const figures = await measureWindow(job, { count: () => progress(flow) }, turns);
  const churned = stopBystanders();
  for (const { stream } of flow.receivers) stream.keepsTail = true;
  await Promise.all(flow.publishers.map((publisher) => publisher.finish()));
  await settle(flow);
  if (churned !== undefined) throw new Error(churned);
  return figures;
}

/** Waits for every byte, then makes sure that not one more comes. */
async function settle(flow: Flow): Promise<void> {
  if (flow.receivers.length === 0) {
    const sent = flow.publishers.reduce((sum, publisher) => sum + publisher.messages - 1, 0);
    const isDone = (): boolean => flow.confirmedMessages >= sent;
    await waitUntil(isDone, DRAIN_DEADLINE_MS, () => `${flow.confirmedMessages} of ${sent} taken`);
    return;
  }
  for (const publisher of flow.publishers) {
    const expected = publisher.messages * publisher.fanOut * publisher.deliveryBytes;
    const isDone = (): boolean => publisher.deliveredBytes >= expected;
    const account = (): string => `${publisher.deliveredBytes} of ${expected} bytes delivered`;
    await waitUntil(isDone, DRAIN_DEADLINE_MS, account);
  }
  for (const { link } of flow.receivers) await link.fence();
  for (const publisher of flow.publishers.keys()) checkDeliveries(flow, publisher);
}

/** Exact counts, and the content of the first and of the last message. */
function checkDeliveries(flow: Flow, index: number): void {
  const publisher = flow.publishers[index];
  const spec = flow.job.publishers[index];
  if (publisher === undefined || spec === undefined) return;
  const expected = (fill: number): Buffer =>
    encodeMessage(publisher.finalSubject, SID, spec.payloadBytes, fill);
  const mine = flow.receivers.filter((receiver) => receiver.spec.publisher === index);
  const counts = new Map<string, number>();
  const finals = new Map<string, number>();
  for (const [n, { spec: receiver, stream }] of mine.entries()) {
    const group = receiver.queue ?? `receiver ${n}`;
    counts.set(group, (counts.get(group) ?? 0) + stream.bytes);
    const hasFinal = stream.tail.equals(expected(FINAL)) ? 1 : 0;
    finals.set(group, (finals.get(group) ?? 0) + hasFinal);
    if (!stream.head.equals(expected(ORDINARY))) {
      throw new Error(`${group}: the first message reads ${quote(stream.head)}`);
    }
  }
  for (const [group, bytes] of counts) {
    const wanted = publisher.messages * publisher.deliveryBytes;
    if (bytes !== wanted) throw new Error(`${group}: ${bytes} bytes where ${wanted} were due`);
    if (finals.get(group) !== 1) throw new Error(`${group}: the last message is not the last`);
  }
}

function quote(bytes: Buffer): string {
  return JSON.stringify(bytes.toString("latin1", 0, 60));
}
