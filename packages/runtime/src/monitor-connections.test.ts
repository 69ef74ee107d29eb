import { EventEmitter } from "node:events";
import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { LIMITS } from "@weft/base";
import { expect, test } from "vitest";
import { MonitorConnections } from "./monitor-connections.ts";

const SHARE = LIMITS.monitorConnectionsPerAddressMax;

/** What is looked at of a socket. */
class Peer extends EventEmitter {
  readonly remoteAddress: string;
  readonly remotePort: number;
  destroyed = false;

  constructor(address: string, port: number) {
    super();
    this.remoteAddress = address;
    this.remotePort = port;
  }

  destroy(): void {
    this.destroyed = true;
  }
}

function open(connections: MonitorConnections, address: string, port: number): Peer {
  const peer = new Peer(address, port);
  expect(connections.opened(peer as unknown as Socket)).toBe(!peer.destroyed);
  return peer;
}

/** A request, of which only the end of its answer matters here. */
function ask(connections: MonitorConnections, peer: Peer): EventEmitter {
  const answer = new EventEmitter();
  connections.asked(peer as unknown as Socket, answer as unknown as ServerResponse);
  return answer;
}

test("attack 20: an address that uses its whole share gets no more, others do", () => {
  const connections = new MonitorConnections();
  const first = Array.from({ length: SHARE }, (_, port) => open(connections, "10.0.0.1", port));
  const answers = first.map((peer) => ask(connections, peer));
  expect(open(connections, "10.0.0.1", 9_000).destroyed).toBe(true);
  expect(open(connections, "::ffff:10.0.0.1", 9_000).destroyed).toBe(true);
  expect(open(connections, "10.0.0.2", 9_000).destroyed).toBe(false);
  expect(connections.count).toBe(SHARE + 1);
  // One that has its answer makes room, and one that is gone.
  answers[7]?.emit("close");
  expect(open(connections, "10.0.0.1", 9_001).destroyed).toBe(false);
  expect(first.filter(({ destroyed }) => destroyed)).toEqual([first[7]]);
  ask(connections, new Peer("10.0.0.1", 9_001));
  expect(open(connections, "10.0.0.1", 9_002).destroyed).toBe(true);
  first[3]?.emit("close");
  expect(open(connections, "10.0.0.1", 9_002).destroyed).toBe(false);
});

test("answers of a connection that are not through are known in order", () => {
  const connections = new MonitorConnections();
  const peer = open(connections, "10.0.0.1", 1);
  const [first, second] = [ask(connections, peer), ask(connections, peer)];
  expect(connections.answers(peer as unknown as Socket)).toEqual([first, second]);
  first.emit("close");
  expect(connections.answers(peer as unknown as Socket)).toEqual([second]);
  expect(connections.answers({ remoteAddress: "10.0.0.1", remotePort: 2 })).toEqual([]);
});

test("attack 20: a household of IPv6 addresses has one share; the oldest idle one goes", () => {
  const connections = new MonitorConnections();
  const peers = Array.from({ length: SHARE + 3 }, (_, port) =>
    open(connections, `2001:db8:0:1::${port}`, port),
  );
  expect(peers.filter(({ destroyed }) => destroyed)).toEqual(peers.slice(0, 3));
  expect(open(connections, "2001:db8:0:2::1", 1).destroyed).toBe(false);
  for (const peer of peers) peer.emit("close");
  expect(connections.count).toBe(1);
});
