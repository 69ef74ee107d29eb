// Test support: a thread of the mailbox model. It follows a script of frames to send, parks what
// its data lane refuses, and reports what it receives.
import type { Mailbox, MailboxHandler } from "../mailbox.ts";
import type { MailboxLanes, MailboxWiring } from "../wiring.ts";
import type { ActorPort } from "./actor-port.ts";

/** What the thread is built from: see `loadSources`. */
export interface MailboxSources {
  readonly Mailbox: new (
    lanes: MailboxLanes,
    handler: MailboxHandler,
    wiring: MailboxWiring,
  ) => Mailbox;
}

/** What a thread does in its own turns: frames by lane, in each turn `d`ata or `c`ontrol. */
export interface Script {
  readonly turns: readonly string[];
  /** Ordinals of received data frames that are refused at first. */
  readonly refuses?: readonly number[];
  /** Closes its mailbox after this many turns. */
  readonly closesAfter?: number;
  /** Answers each data frame with one of its own. */
  readonly echoes?: boolean;
}

/** One thread: its mailbox, the frames it could not send yet, and what it was asked to do. */
export class ModelThread {
  readonly mailbox: Mailbox;
  readonly #peer: number;
  readonly #actor: ActorPort;
  readonly #script: Script;
  readonly #refuses: Set<number>;
  #parked: string[] = [];
  #turns = 0;
  #dataSent = 0;
  #controlSent = 0;
  #dataGot = 0;

  constructor(sources: MailboxSources, index: number, script: Script, actor: ActorPort) {
    this.#peer = 1 - index;
    this.#actor = actor;
    this.#script = script;
    this.#refuses = new Set(script.refuses ?? []);
    const pair = (from: number, to: number) => ({
      controlRing: actor.region(`control ${from}>${to}`),
      dataRing: actor.region(`data ${from}>${to}`),
    });
    const lanes: MailboxLanes = {
      index,
      outgoing: index === 0 ? [null, pair(0, 1)] : [pair(1, 0), null],
      incoming: index === 0 ? [null, pair(1, 0)] : [pair(0, 1), null],
    };
    const peer = `${this.#peer}`;
    const handler: MailboxHandler = {
      onControlFrame: (_from, bytes, start) => {
        actor.report(bytes.toString("latin1", start, start + 2));
      },
      onDataFrame: (_from, bytes, start) =>
        this.#onData(bytes.toString("latin1", start, start + 2)),
      onSpace: () => this.#sendParked(),
      afterDrain: () => undefined,
    };
    this.mailbox = actor.boot(
      () =>
        new sources.Mailbox(lanes, handler, {
          ringFrames: () => actor.signal(peer, "frames"),
          ringSpace: () => actor.signal(peer, "space"),
          defer: () => actor.signal(`${index}`, "turn"),
          close: () => actor.signal(peer, "closed"),
          createSlab: () => new ArrayBuffer(0),
          postSlab: () => undefined,
          takeSlab: () => null,
          ref: () => undefined,
          unref: () => undefined,
        }),
    );
  }

  run(): void {
    this.mailbox.start();
    for (;;) {
      this.#actor.checkpoint(this.mailbox, this.#parked, this.#refuses, [
        this.#turns,
        this.#dataSent,
        this.#controlSent,
        this.#dataGot,
      ]);
      const event = this.#actor.wait();
      if (event === "frames") this.mailbox.onFramesBell(this.#peer);
      else if (event === "space") this.mailbox.onSpaceBell(this.#peer);
      else if (event === "turn") this.mailbox.onTurn();
      else if (event === "closed") this.mailbox.onPeerClosed(this.#peer);
      else if (event === "resume") this.mailbox.resume(this.#peer);
      else this.#onScript();
      if (this.#turns === this.#script.closesAfter) {
        this.mailbox.close();
        return;
      }
    }
  }

  #onScript(): void {
    for (const lane of this.#script.turns[this.#turns++]!) {
      if (lane === "d") {
        this.#parked.push(`d${this.#dataSent++}`);
        if (this.#parked.length === 1) this.#sendParked();
        continue;
      }
      const control = this.mailbox.controlLane(this.#peer);
      const start = control.reserve(8);
      control.bytes.write(`c${this.#controlSent++}`, start, "latin1");
      control.commit();
    }
    this.mailbox.publish();
  }

  #sendParked(): void {
    const lane = this.mailbox.dataLane(this.#peer);
    for (let text = this.#parked[0]; text !== undefined; text = this.#parked[0]) {
      const start = lane.reserve(8);
      if (start < 0) return;
      lane.bytes.write(text, start, "latin1");
      lane.commit();
      this.#parked.shift();
    }
  }

  #onData(text: string): boolean {
    if (this.#refuses.delete(this.#dataGot)) {
      this.#actor.signal(`${1 - this.#peer}`, "resume");
      return false;
    }
    this.#dataGot++;
    this.#actor.report(text);
    if (this.#script.echoes === true) {
      this.#parked.push(`e${text.slice(1)}`);
      if (this.#parked.length === 1) this.#sendParked();
    }
    return true;
  }
}
