// Messages at a fixed rate from one connection to another, each with the time at which it was due, so
// that a pause of the load process counts as delay and not as a pause. Owned by the load process. Must
// stay true: every message arrives, or `stop` fails.
import { waitUntil } from "./clock.ts";
import { encodeMessage, ORDINARY } from "./encode.ts";
import { FixedWalker } from "./fixed-walker.ts";
import type { Login, Target } from "./job.ts";
import { type Link, openLink } from "./link.ts";

const SUBJECT = "bench.paced";
const SID = "1";
const PAYLOAD_BYTES = 16;
const TICK_MS = 1;
const DRAIN_DEADLINE_MS = 20_000;
const US_PER_MS = 1_000;

export class PacedFlow {
  received = 0;
  /** Called for each message with what it took from when it was due, in ms. */
  onDelay: ((delayMs: number) => void) | undefined;
  #sent = 0;
  readonly #receiver: Link;
  readonly #timer: NodeJS.Timeout;

  private constructor(receiver: Link, publisher: Link, perSecond: number) {
    this.#receiver = receiver;
    const message = encodeMessage(SUBJECT, SID, PAYLOAD_BYTES, ORDINARY);
    const payloadAt = message.length - PAYLOAD_BYTES - 2;
    const walker = new FixedWalker(
      message.length,
      (bytes, at) => {
        this.received += 1;
        if (this.onDelay === undefined) return;
        const text = bytes.toString("latin1", at + payloadAt, at + payloadAt + PAYLOAD_BYTES);
        this.onDelay(performance.now() - Number(text) / US_PER_MS);
      },
      () => undefined,
      (line) => receiver.takeLine(line),
    );
    receiver.receive = (chunk, length) => walker.push(chunk, length);
    const startedAt = performance.now();
    this.#timer = setInterval(() => {
      const due = Math.floor(((performance.now() - startedAt) * perSecond) / 1_000);
      let lines = "";
      for (; this.#sent < due; this.#sent += 1) {
        const dueAtUs = Math.floor((startedAt + (this.#sent * 1_000) / perSecond) * US_PER_MS);
        const payload = `${dueAtUs}`.padStart(PAYLOAD_BYTES, "0");
        lines += `PUB ${SUBJECT} ${PAYLOAD_BYTES}\r\n${payload}\r\n`;
      }
      if (lines !== "") publisher.write(lines);
    }, TICK_MS);
  }

  static async start(
    target: Target,
    login: Login | undefined,
    perSecond: number,
  ): Promise<PacedFlow> {
    const receiver = await openLink(target, login);
    receiver.write(`SUB ${SUBJECT} ${SID}\r\n`);
    await receiver.fence();
    return new PacedFlow(receiver, await openLink(target, login), perSecond);
  }

  /** Fails if not all arrive, and no more than that. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    const sent = this.#sent;
    const account = (): string => `${this.received} of ${sent} came`;
    await waitUntil(() => this.received >= sent, DRAIN_DEADLINE_MS, account);
    await this.#receiver.fence();
    if (this.received !== sent) {
      throw new Error(`${this.received} messages came where ${sent} were sent`);
    }
  }
}
