// The other end of a fake route: a server far away, which rebuilds from what it is told who wants what
// here, and publishes and subscribes for clients of its own. Test support.
import { matches } from "@weft/subjects";
import { encodeRouteLine, type RouteLine, RouteLines } from "./fake-route-dialect.ts";
import type { CloseCause, SimTransport, TransportPeer } from "./transport.ts";

export type RouteMessage = Extract<RouteLine, { op: "message" }>;

export class FakeRemoteServer implements TransportPeer {
  /** Weights by account, filter and queue, as the server that dialled has told. */
  readonly interest = new Map<string, number>();
  readonly messages: RouteMessage[] = [];
  closedBy: CloseCause | undefined;
  readonly #lines = new RouteLines();
  #transport: SimTransport | undefined;

  attach(transport: SimTransport): void {
    this.#transport = transport;
  }

  get transport(): SimTransport {
    if (this.#transport === undefined) throw new Error("nobody has dialled");
    return this.#transport;
  }

  received(bytes: Buffer): void {
    for (const line of this.#lines.push(bytes)) {
      if (line.op === "message") this.messages.push(line);
      else this.#takeInterest(line);
    }
  }

  closed(cause: CloseCause): void {
    this.closedBy = cause;
  }

  /** Somebody there wants this, or (weight 0) nobody any more. */
  want(account: number, filter: string, queue: string | null = null, weight = 1): void {
    this.#send({ op: "interest", account, filter, queue, weight });
  }

  publish(account: number, subject: string, payload: string, reply: string | null = null): void {
    this.#send({ op: "message", account, subject, reply, queue: null, header: "", payload });
  }

  /** For one member of this group there, and nobody else. */
  publishTo(queue: string, account: number, subject: string, payload: string): void {
    this.#send({ op: "message", account, subject, reply: null, queue, header: "", payload });
  }

  /** Whether it would send a message on this subject to the server that dialled. */
  isWanted(account: number, subject: string): boolean {
    return [...this.interest.keys()].some((key) => {
      const [owner, filter] = key.split(" ");
      return owner === `${account}` && matches(filter as string, subject);
    });
  }

  #takeInterest({ account, filter, queue, weight }: Extract<RouteLine, { op: "interest" }>): void {
    const key = `${account} ${filter} ${queue ?? ""}`;
    if (weight === 0) this.interest.delete(key);
    else this.interest.set(key, weight);
  }

  #send(line: RouteLine): void {
    this.transport.push(encodeRouteLine(line));
  }
}
