// SU-20: members of a group have equal shares, on whatever threads they and the publisher are.
import { describe, expect, test } from "vitest";
import { budget } from "./seeds.ts";
import { World } from "./world.ts";

/** Members of the group on workers 1, 2 and 3. */
const MEMBERS = [1, 3, 2];
const MESSAGES = 3_000;

/** 99.9 % of chi-square with five degrees of freedom. */
const CHI_SQUARE_MAX = 20.5;

describe("fair shares of a queue group over threads", () => {
  for (const publisherThread of [1, 2, 4]) {
    test(`SU-20: publisher on worker ${publisherThread} of 4`, () => {
      const world = new World({ seed: publisherThread, workers: 4, chunkBytesMax: 1 << 16 });
      const members = MEMBERS.flatMap((count, place) =>
        Array.from({ length: count }, () => world.connect(place + 1)),
      );
      // One group by its name, whatever the filters (SU-21).
      for (const [place, member] of members.entries()) {
        member.subscribe("1", place % 2 === 0 ? "work.*" : "work.now", "q");
      }
      world.settle();
      const publisher = world.connect(publisherThread);
      const count = budget(MESSAGES);
      const one = "PUB work.now 1\r\nx\r\n";
      for (let left = count; left > 0; left -= 100) publisher.send(one.repeat(100));
      world.settle();
      const shares = members.map((member) => member.deliveries.length);
      expect(shares.reduce((sum, share) => sum + share, 0)).toBe(count);
      const fair = count / members.length;
      let chiSquare = 0;
      for (const share of shares) chiSquare += (share - fair) ** 2 / fair;
      expect(chiSquare, `shares ${shares}`).toBeLessThan(CHI_SQUARE_MAX);
    });
  }
});
