// The requests job: many clients with a number of requests in flight each, every request with a
// reply subject that was never used before, answered by responders in the same process. Widths are
// fixed, so that a reply and a request are found by arithmetic; each reply is checked to be the one
// that is due.
import { waitUntil } from "./clock.ts";
import { encodeMessage, ORDINARY } from "./encode.ts";
import { FixedWalker } from "./fixed-walker.ts";
import type { Figures, RequestsJob } from "./job.ts";
import { type Link, openLink } from "./link.ts";
import { measureWindow, type Turns } from "./window.ts";

const PAYLOAD_BYTES = 16;
const NUMBER_WIDTH = 9;
const DRAIN_DEADLINE_MS = 10_000;
const ZERO = 0x30;
const SID = "1";

/** Overwrites a number of fixed width, most significant digit first. */
export function writeNumber(bytes: Buffer, at: number, number: number): void {
  let rest = number;
  for (let n = at + NUMBER_WIDTH - 1; n >= at; n--) {
    bytes[n] = ZERO + (rest % 10);
    rest = Math.floor(rest / 10);
  }
}

export function readNumber(bytes: Buffer, at: number): number {
  let number = 0;
  for (let n = at; n < at + NUMBER_WIDTH; n++) number = number * 10 + (bytes[n] ?? 0) - ZERO;
  return number;
}

function inboxPrefix(client: number): string {
  return `_INBOX.c${String(client).padStart(3, "0")}.`;
}

export function serviceSubject(responder: number): string {
  return `service.${responder}`;
}

class RequestClient {
  completed = 0;
  #sent = 0;
  isStopped = false;
  readonly #link: Link;
  readonly #template: Buffer;
  readonly #numberAt: number;

  constructor(link: Link, client: number, subject: string) {
    this.#link = link;
    const start = `PUB ${subject} ${inboxPrefix(client)}`;
    this.#numberAt = start.length;
    const line = `${start}${"0".repeat(NUMBER_WIDTH)} ${PAYLOAD_BYTES}\r\n`;
    this.#template = Buffer.from(`${line}${"a".repeat(PAYLOAD_BYTES)}\r\n`, "latin1");
    const reply = encodeMessage(inboxPrefix(client), SID, PAYLOAD_BYTES, ORDINARY);
    const replyNumberAt = `MSG ${inboxPrefix(client)}`.length;
    const walker = new FixedWalker(
      reply.length + NUMBER_WIDTH,
      (bytes, at) => this.#take(readNumber(bytes, at + replyNumberAt)),
      () => this.#answer(),
      (text) => link.takeLine(text),
    );
    link.receive = (chunk, length) => walker.push(chunk, length);
  }

  send(count: number): void {
    const size = this.#template.length;
    const bytes = Buffer.allocUnsafe(count * size);
    for (let n = 0; n < count; n++) {
      bytes.set(this.#template, n * size);
      writeNumber(bytes, n * size + this.#numberAt, this.#sent++);
    }
    this.#link.write(bytes);
  }

  get inFlight(): number {
    return this.#sent - this.completed;
  }

  #take(number: number): void {
    if (number !== this.completed) {
      throw new Error(`reply ${number} where ${this.completed} was due`);
    }
    this.completed++;
    this.#free++;
  }

  #free = 0;

  /** Once per chunk: as many new requests as replies came. */
  #answer(): void {
    const free = this.#free;
    this.#free = 0;
    if (free > 0 && !this.isStopped) this.send(free);
  }
}

/** Answers each request at its reply subject with the same payload. */
function serve(link: Link, subject: string): void {
  const replyAt = `MSG ${subject} ${SID} `.length;
  const replyBytes = inboxPrefix(0).length + NUMBER_WIDTH;
  const tail = ` ${PAYLOAD_BYTES}\r\n${"a".repeat(PAYLOAD_BYTES)}\r\n`;
  const template = Buffer.from(`PUB ${"x".repeat(replyBytes)}${tail}`, "latin1");
  const answers: Buffer = Buffer.allocUnsafe(64 * 1024);
  let used = 0;
  const walker = new FixedWalker(
    replyAt + replyBytes + tail.length,
    (bytes, at) => {
      if (used + template.length > answers.length) flush();
      answers.set(template, used);
      bytes.copy(answers, used + 4, at + replyAt, at + replyAt + replyBytes);
      used += template.length;
    },
    () => flush(),
    (text) => link.takeLine(text),
  );
  function flush(): void {
    if (used === 0) return;
    link.write(Buffer.from(answers.subarray(0, used)));
    used = 0;
  }
  link.receive = (chunk, length) => walker.push(chunk, length);
}

export async function runRequests(job: RequestsJob, turns?: Turns): Promise<Figures> {
  for (let n = 0; n < job.responders; n++) {
    const link = await openLink(job.target);
    link.write(`SUB ${serviceSubject(n)} ${SID}\r\n`);
    await link.fence();
    serve(link, serviceSubject(n));
  }
  const clients: RequestClient[] = [];
  for (let n = 0; n < job.clients; n++) {
    const link = await openLink(job.target);
    link.write(`SUB ${inboxPrefix(n)}* ${SID}\r\n`);
    await link.fence();
    clients.push(new RequestClient(link, n, serviceSubject(n % job.responders)));
  }
  const completed = (): number => clients.reduce((sum, client) => sum + client.completed, 0);
  for (const client of clients) client.send(job.inFlight);
  const figures = await measureWindow(job, { count: completed }, turns);
  for (const client of clients) client.isStopped = true;
  const unanswered = (): number => clients.reduce((sum, client) => sum + client.inFlight, 0);
  const isDone = (): boolean => unanswered() === 0;
  await waitUntil(isDone, DRAIN_DEADLINE_MS, () => `${unanswered()} requests unanswered`);
  return figures;
}
