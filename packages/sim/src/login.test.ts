// CP-33, AN-06: what a client sends behind a CONNECT whose password takes time to compare waits, in
// its order, and is done or dropped with the answer.
import { describe, expect, test } from "vitest";
import { forEachSeedInTurns } from "./seeds.ts";
import { HASHED_PASSWORD, World } from "./world.ts";

/** The form alone counts: the comparison is the world's. */
const BCRYPT = `$2a$04$${"a".repeat(53)}`;

describe("a login that has to wait", () => {
  test("operations behind CONNECT keep their order", async () => {
    await forEachSeedInTurns(70, 30, (seed) => {
      const world = new World({
        seed,
        workers: 2,
        chunkBytesMax: 60,
        laneBytes: 150,
        users: [{ user: "u", password: BCRYPT }],
      });
      const other = world.connect(2, { user: "u", pass: HASHED_PASSWORD });
      other.subscribe("1", "a");
      world.settle();
      const client = world.connect(1, { user: "u", pass: HASHED_PASSWORD });
      client.subscribe("1", "a");
      for (let count = 0; count < 8; count += 1) client.publish("a", `${count}`);
      client.ping();
      world.settle();
      world.assertQuiet();
      const sent = Array.from({ length: 8 }, (_, count) => `${count}`);
      for (const { deliveries, errors } of [client, other]) {
        expect(errors).toEqual([]);
        expect(deliveries.map(({ payload }) => payload)).toEqual(sent);
      }
      expect(client.pongs).toBe(1);
    });
  });

  test("CP-30: nothing behind a wrong password is done", async () => {
    await forEachSeedInTurns(71, 20, (seed) => {
      const users = [{ user: "u", password: BCRYPT }];
      const world = new World({ seed, workers: 1, chunkBytesMax: 60, users });
      const other = world.connect(1, { user: "u", pass: HASHED_PASSWORD });
      other.subscribe("1", ">");
      world.settle();
      const client = world.connect(1, { user: "u", pass: "wrong" });
      client.publish("a", "x");
      client.subscribe("1", "a");
      client.ping();
      world.settle();
      expect(client.errors).toEqual(["Authorization Violation"]);
      expect(client.closedBy).toBe("local");
      expect(client.pongs).toBe(0);
      expect(other.deliveries).toEqual([]);
    });
  });
});
