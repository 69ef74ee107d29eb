// A57: thousands of peers that have sent their end and do not read cost the writes of others nothing.
import { expect, test } from "vitest";
import { PeerEnds } from "./peer-ends.ts";
import type { SocketTransport } from "./socket-transport.ts";

interface Peer {
  readonly transport: SocketTransport;
  readonly ended: (number | undefined)[];
  asked: number;
  isWriting: boolean;
}

function createPeer(): Peer {
  const peer = { ended: [] as (number | undefined)[], asked: 0, isWriting: true };
  const transport = {
    get isWriting(): boolean {
      peer.asked += 1;
      return peer.isWriting;
    },
    endByPeer: (lingerMs?: number) => peer.ended.push(lingerMs),
  };
  return Object.assign(peer, { transport: transport as unknown as SocketTransport });
}

test("A57: a write looks at its own connection alone, which goes when it has nothing to take", () => {
  const ends = new PeerEnds(() => undefined);
  const peers = Array.from({ length: 100 }, createPeer);
  for (const { transport } of peers) ends.add(transport);
  expect(ends.waiting).toBe(100);
  const [first, ...others] = peers as [Peer, ...Peer[]];
  ends.look(first.transport);
  first.isWriting = false;
  ends.look(first.transport);
  ends.look(first.transport);
  expect(first.ended).toEqual([10_000, undefined]);
  expect(ends.waiting).toBe(99);
  expect(others.every(({ asked }) => asked === 1)).toBe(true);
  ends.look(createPeer().transport);
  expect(ends.waiting).toBe(99);
});
