// The open connections of the monitoring port, by address (attack 20). Control thread. Must stay true:
// an address holds no more than its share; what it does not use makes room for what it asks next.
import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { LIMITS, networkOf } from "@weft/base";

/** What both ends of TLS know of a connection. */
type Peer = Pick<Socket, "remoteAddress" | "remotePort">;

interface Connection {
  readonly socket: Socket;
  /** Answers that are not through, in the order of their requests. */
  readonly answers: Set<ServerResponse>;
  /** Its handshake is made with the authorities of now. */
  isJudged: boolean;
}

export class MonitorConnections {
  /** By address, of IPv6 by network; then by address and port, the oldest first. */
  readonly #byNetwork = new Map<string, Map<string, Connection>>();
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** False where the connection has been closed: its address has as many, and uses them all. */
  opened(socket: Socket): boolean {
    const network = networkOf(socket.remoteAddress ?? "");
    const others = this.#byNetwork.get(network) ?? new Map<string, Connection>();
    if (others.size >= LIMITS.monitorConnectionsPerAddressMax && !closeIdle(others)) {
      socket.destroy();
      return false;
    }
    const key = keyOf(socket);
    // Whoever comes from the same port has given up the connection before.
    others.get(key)?.socket.destroy();
    const connection = { socket, answers: new Set<ServerResponse>(), isJudged: true };
    this.#byNetwork.set(network, others.set(key, connection));
    this.#count += 1;
    socket.once("close", () => {
      this.#count -= 1;
      if (others.get(key) === connection) others.delete(key);
      if (others.size === 0 && this.#byNetwork.get(network) === others) {
        this.#byNetwork.delete(network);
      }
    });
    return true;
  }

  destroyAll(): void {
    for (const { socket } of this.#all()) socket.destroy();
  }

  /** There are other authorities from now on. */
  forgetJudgements(): void {
    for (const connection of this.#all()) connection.isJudged = false;
  }

  isJudged(peer: Peer): boolean {
    return this.#find(peer)?.isJudged === true;
  }

  #all(): Connection[] {
    return [...this.#byNetwork.values()].flatMap((connections) => [...connections.values()]);
  }

  /** A request came, with this for its answer. */
  asked(peer: Peer, answer: ServerResponse): void {
    const connection = this.#find(peer);
    if (connection === undefined) return;
    connection.answers.add(answer);
    answer.once("close", () => connection.answers.delete(answer));
  }

  /** Answers of the connection that are not through, in the order of their requests. */
  answers(peer: Peer): readonly ServerResponse[] {
    return [...(this.#find(peer)?.answers ?? [])];
  }

  #find(peer: Peer): Connection | undefined {
    return this.#byNetwork.get(networkOf(peer.remoteAddress ?? ""))?.get(keyOf(peer));
  }
}

/** The one that has been open for longest, of those without a request. */
function closeIdle(connections: Map<string, Connection>): boolean {
  for (const [key, { socket, answers }] of connections) {
    if (answers.size > 0) continue;
    connections.delete(key);
    socket.destroy();
    return true;
  }
  return false;
}

function keyOf({ remoteAddress = "", remotePort = 0 }: Peer): string {
  return `${remoteAddress} ${remotePort}`;
}
