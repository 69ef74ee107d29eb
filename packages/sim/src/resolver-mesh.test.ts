// Five servers with directories come to hold the same accounts, whatever happens to messages, disks and
// power (AC-82, AC-89, SA-17; ADR 0012). A failure names its seed.
import { describe, expect, test } from "vitest";
import { MeshStory } from "./resolver/mesh-story.ts";
import { forEachSeed } from "./seeds.ts";

const LONG_MS = 1_000_000;

describe("AC-82, SA-17: five nodes agree and keep their promises", () => {
  test("under loss, doubles, delay, partition, kills and failing disks", () => {
    forEachSeed(71, 60, (seed) => {
      const story = new MeshStory(seed, {
        steps: 60,
        accounts: 4,
        deletes: true,
        expiries: true,
        crashes: true,
        graveLifeMs: LONG_MS,
      });
      story.chaos();
      story.heal();
      story.check();
      story.checkDisks();
    });
  });

  test("without deletions: the newest accepted update is everywhere", () => {
    forEachSeed(72, 40, (seed) => {
      const story = new MeshStory(seed, {
        steps: 50,
        accounts: 12,
        deletes: false,
        expiries: false,
        crashes: true,
        graveLifeMs: LONG_MS,
      });
      story.chaos();
      story.heal();
      story.check();
      expect(story.world.accepted.length).toBeGreaterThan(0);
    });
  });
});
