// One message for thousands, said many times in one piece: the turn ends early, the rest waits its
// turn, nothing is lost, doubled or out of order, and no publisher starves another.
import { expect, test } from "vitest";
import { World } from "./world.ts";

const RECEIVERS = 600;
const MESSAGES = 200;

test("a publisher with very many receivers goes on in later turns (A57)", () => {
  const world = new World({ seed: 7, workers: 1, chunkBytesMax: 1 << 17 });
  const crowd = world.connect(1);
  for (let sid = 0; sid < RECEIVERS; sid += 1) crowd.subscribe(`${sid}`, "fan.*");
  world.settle();
  const publishers = [world.connect(1), world.connect(1), world.connect(1)];
  for (let count = 0; count < MESSAGES; count += 1) {
    for (const [place, publisher] of publishers.entries()) {
      publisher.publish(`fan.${place}`, `${count}`);
    }
  }
  world.settle();
  world.assertQuiet();
  expect(world.faults).toEqual([]);
  const wanted = Array.from({ length: MESSAGES }, (_, count) => `${count}`);
  for (const [place] of publishers.entries()) {
    for (const sid of ["0", `${RECEIVERS - 1}`]) {
      const own = crowd.deliveries.filter(
        (delivery) => delivery.sid === sid && delivery.subject === `fan.${place}`,
      );
      expect(own.map(({ payload }) => payload)).toEqual(wanted);
    }
  }
  expect(crowd.deliveries).toHaveLength(RECEIVERS * MESSAGES * publishers.length);
});
