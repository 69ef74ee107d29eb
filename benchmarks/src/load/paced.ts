// The paced job: messages at a fixed rate, each with the time at which it was due, so that a pause of
// the load process counts as delay and not as a pause. Every message must arrive.
import { waitUntil, whileRunning } from "./clock.ts";
import { encodeMessage, ORDINARY } from "./encode.ts";
import { FixedWalker } from "./fixed-walker.ts";
import type { Figures, PacedJob } from "./job.ts";
import { openLink } from "./link.ts";
import { between, takeReading } from "./usage.ts";

const SUBJECT = "bench.paced";
const SID = "1";
const PAYLOAD_BYTES = 16;
const TICK_MS = 1;
const DRAIN_DEADLINE_MS = 20_000;
const US_PER_MS = 1_000;

export async function runPaced(job: PacedJob): Promise<Figures> {
  const { target, login, perSecond } = job;
  const receiver = await openLink(target, login);
  receiver.write(`SUB ${SUBJECT} ${SID}\r\n`);
  await receiver.fence();
  const publisher = await openLink(target, login);
  const message = encodeMessage(SUBJECT, SID, PAYLOAD_BYTES, ORDINARY);
  const payloadAt = message.length - PAYLOAD_BYTES - 2;
  let received = 0;
  let delaysMs: number[] = [];
  let isMeasured = false;
  const walker = new FixedWalker(
    message.length,
    (bytes, at) => {
      received += 1;
      if (!isMeasured) return;
      const text = bytes.toString("latin1", at + payloadAt, at + payloadAt + PAYLOAD_BYTES);
      delaysMs.push(performance.now() - Number(text) / US_PER_MS);
    },
    () => undefined,
    (line) => receiver.takeLine(line),
  );
  receiver.receive = (chunk, length) => walker.push(chunk, length);
  const startedAt = performance.now();
  let sent = 0;
  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - startedAt) * perSecond) / 1_000);
    const parts: string[] = [];
    for (; sent < due; sent += 1) {
      const dueAtUs = (startedAt + (sent * 1_000) / perSecond) * US_PER_MS;
      parts.push(Math.floor(dueAtUs).toString().padStart(PAYLOAD_BYTES, "0"));
    }
    const lines = parts.map((payload) => `PUB ${SUBJECT} ${PAYLOAD_BYTES}\r\n${payload}\r\n`);
    if (lines.length > 0) publisher.write(lines.join(""));
  }, TICK_MS);
  await whileRunning(job.warmUpMs);
  isMeasured = true;
  const from = takeReading(target.serverPid, received);
  await whileRunning(job.measureMs);
  const to = takeReading(target.serverPid, received);
  clearInterval(timer);
  isMeasured = false;
  await waitUntil(
    () => received === sent,
    DRAIN_DEADLINE_MS,
    () => `${received} of ${sent} came`,
  );
  await receiver.fence();
  if (received !== sent) throw new Error(`${received} messages came where ${sent} were sent`);
  delaysMs = delaysMs.sort((a, b) => a - b);
  const at = (share: number): number =>
    (delaysMs[Math.floor(delaysMs.length * share)] ?? 0) * US_PER_MS;
  return { ...between(from, to), p50Us: at(0.5), p99Us: at(0.99) };
}
