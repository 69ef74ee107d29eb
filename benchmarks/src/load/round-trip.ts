// The round-trip job: one request at a time, each with a fresh reply subject, and the time until its
// reply. With `flood` a third connection publishes as fast as the server takes it, and the quiet
// client is its own responder.
import { encodeChunks } from "./encode.ts";
import { FixedWalker } from "./fixed-walker.ts";
import type { Figures, RoundTripJob } from "./job.ts";
import { type Link, openLink } from "./link.ts";
import { readNumber, writeNumber } from "./requests.ts";
import { measureWindow, type Turns } from "./window.ts";

const SAMPLES_MAX = 2_000_000;
const SAMPLES_MIN = 200;
const PAYLOAD = "0123456789abcdef";
const INBOX = "_INBOX.round.";
const NUMBER = "000000000";
const SID = "1";
/** Small, so that the load thread itself is never long away from the quiet client. */
const FLOOD_BYTES = 32 * 1024;

interface Samples {
  readonly microseconds: Float64Array;
  count: number;
  isCounting: boolean;
  total: number;
}

/**
 * Answers each request at its reply subject. Lines are read field by field: a service import puts a
 * reply subject of its own there, and may add a header.
 */
function serve(link: Link): void {
  const tail = ` ${PAYLOAD.length}\r\n${PAYLOAD}\r\n`;
  let text = "";
  link.receive = (chunk, length) => {
    text += chunk.toString("latin1", 0, length);
    for (let end = text.indexOf("\r\n"); end >= 0; end = text.indexOf("\r\n")) {
      const line = text.slice(0, end);
      if (!line.startsWith("MSG ") && !line.startsWith("HMSG ")) {
        text = text.slice(end + 2);
        link.takeLine(line);
        continue;
      }
      const fields = line.split(" ");
      const whole = end + 2 + Number(fields.at(-1)) + 2;
      if (text.length < whole) return;
      text = text.slice(whole);
      link.write(`PUB ${fields[3]}${tail}`);
    }
  };
}

/** Sends one request after the other for as long as the process lives. */
function ask(link: Link, subject: string, samples: Samples): void {
  const isOwn = subject.startsWith(INBOX);
  const start = isOwn ? `PUB ${INBOX}` : `PUB ${subject} ${INBOX}`;
  const tail = ` ${PAYLOAD.length}\r\n${PAYLOAD}\r\n`;
  const request = Buffer.from(start + NUMBER + tail, "latin1");
  const replyNumberAt = `MSG ${INBOX}`.length;
  let sentAt = 0n;
  const send = (): void => {
    writeNumber(request, start.length, samples.total);
    sentAt = process.hrtime.bigint();
    link.write(Buffer.from(request));
  };
  const walker = new FixedWalker(
    replyNumberAt + NUMBER.length + ` ${SID}`.length + tail.length,
    (bytes, at) => {
      const elapsedNs = Number(process.hrtime.bigint() - sentAt);
      const number = readNumber(bytes, at + replyNumberAt);
      if (number !== samples.total) throw new Error(`reply ${number} for ${samples.total}`);
      samples.total++;
      if (samples.isCounting && samples.count < SAMPLES_MAX) {
        samples.microseconds[samples.count++] = elapsedNs / 1000;
      }
      send();
    },
    () => {},
    (text) => link.takeLine(text),
  );
  link.receive = (chunk, length) => walker.push(chunk, length);
  send();
}

/** Publishes to a subject that nobody wants, without a pause. */
function flood(link: Link): void {
  const subjects = { prefix: "flood.nobody", count: 1, width: 0 };
  const whole = encodeChunks({ subjects, payloadBytes: 16 }, "")[0]?.bytes;
  if (whole === undefined) return;
  const operationBytes = "PUB flood.nobody 16\r\n".length + 18;
  const bytes = whole.subarray(0, Math.floor(FLOOD_BYTES / operationBytes) * operationBytes);
  link.receive = (chunk, length) => {
    const lines = chunk.toString("latin1", 0, length).split("\r\n");
    for (const line of lines) if (line !== "") link.takeLine(line);
  };
  const pump = (): void => link.write(bytes, () => setImmediate(pump));
  pump();
}

export async function runRoundTrip(job: RoundTripJob, turns?: Turns): Promise<Figures> {
  const samples: Samples = {
    microseconds: new Float64Array(SAMPLES_MAX),
    count: 0,
    isCounting: false,
    total: 0,
  };
  if (!job.flood) {
    const responder = await openLink(job.target, job.responder);
    responder.write(`SUB ${job.serviceSubject} ${SID}\r\n`);
    await responder.fence();
    serve(responder);
  }
  const requester = await openLink(job.target, job.requester);
  requester.write(`SUB ${INBOX}* ${SID}\r\n`);
  await requester.fence();
  if (job.flood) flood(await openLink(job.target));
  ask(requester, job.flood ? INBOX : job.requestSubject, samples);
  const load = {
    count: () => samples.total,
    begin: () => beginSamples(samples),
    end: () => endSamples(samples),
  };
  return measureWindow(job, load, turns);
}

function beginSamples(samples: Samples): void {
  samples.count = 0;
  samples.isCounting = true;
}

function endSamples(samples: Samples): Figures {
  samples.isCounting = false;
  if (samples.count < SAMPLES_MIN) throw new Error(`only ${samples.count} round trips`);
  const sorted = samples.microseconds.slice(0, samples.count).sort();
  const at = (share: number): number => sorted[Math.floor((sorted.length - 1) * share)] ?? 0;
  return { p50Us: at(0.5), p99Us: at(0.99) };
}
