import { EventEmitter } from "node:events";
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

test("attack 20: an address that uses its whole share gets no more, others do", () => {
  const connections = new MonitorConnections();
  const first = Array.from({ length: SHARE }, (_, port) => open(connections, "10.0.0.1", port));
  const ends = first.map((peer) => connections.asked(peer));
  expect(open(connections, "10.0.0.1", 9_000).destroyed).toBe(true);
  expect(open(connections, "::ffff:10.0.0.1", 9_000).destroyed).toBe(true);
  expect(open(connections, "10.0.0.2", 9_000).destroyed).toBe(false);
  expect(connections.count).toBe(SHARE + 1);
  // One that has its answer makes room, and one that is gone.
  ends[7]?.();
  expect(open(connections, "10.0.0.1", 9_001).destroyed).toBe(false);
  expect(first.filter(({ destroyed }) => destroyed)).toEqual([first[7]]);
  connections.asked({ remoteAddress: "10.0.0.1", remotePort: 9_001 });
  expect(open(connections, "10.0.0.1", 9_002).destroyed).toBe(true);
  first[3]?.emit("close");
  expect(open(connections, "10.0.0.1", 9_002).destroyed).toBe(false);
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
