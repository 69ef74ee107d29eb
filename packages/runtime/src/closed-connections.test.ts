// The ring keeps the last ones, oldest first.
import type { FinishedConnection } from "@weft/broker";
import { expect, test } from "vitest";
import { ClosedConnections } from "./closed-connections.ts";

function record(clientId: number): FinishedConnection {
  return { clientId } as FinishedConnection;
}

test("CP-110: keeps the last, in order; 0 keeps none", () => {
  const ring = new ClosedConnections(3);
  ring.add([record(1), record(2)]);
  expect(ring.list().map(({ clientId }) => clientId)).toEqual([1, 2]);
  ring.add([record(3), record(4), record(5)]);
  expect(ring.list().map(({ clientId }) => clientId)).toEqual([3, 4, 5]);
  ring.add([record(6)]);
  expect(ring.list().map(({ clientId }) => clientId)).toEqual([4, 5, 6]);
  expect(ring.take().map(({ clientId }) => clientId)).toEqual([4, 5, 6]);
  expect(ring.list()).toEqual([]);
  ring.add([record(7)]);
  expect(ring.take().map(({ clientId }) => clientId)).toEqual([7]);
  const none = new ClosedConnections(0);
  none.add([record(1)]);
  expect(none.list()).toEqual([]);
});
