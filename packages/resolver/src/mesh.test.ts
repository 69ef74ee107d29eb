// Five servers with directories come to hold the same accounts, whatever happens to messages, disks and
// power (AC-82, AC-89, SA-17; ADR 0013). A failure names its seed.

import { forEachSeed } from "@weft/sim";
import { describe, expect, test } from "vitest";
import type { MeshNode } from "./testing/mesh-node.ts";
import { INTERVAL_MS, MeshStory, pictureOf, type StoryOptions } from "./testing/mesh-story.ts";
import { accountClaim, accountKey, deleteClaim } from "./testing/plain-claims.ts";

const LONG_MS = 1_000_000;
const SHORT_MS = 60_000;

const EVERYTHING: StoryOptions = {
  steps: 60,
  accounts: 4,
  deletes: true,
  expiries: true,
  crashes: true,
  graveLifeMs: LONG_MS,
};

function liveOf(node: MeshNode): string {
  return pictureOf(node).split("|")[0] as string;
}

function proofCounts({ world }: MeshStory): (number | undefined)[] {
  return world.nodes.map((node) => node.core?.store.set.proofCount);
}

/** Pushes through one node; the others hear of it by the mesh. */
function pushTo(story: MeshStory, node: MeshNode, text: string): void {
  const payload = Buffer.from(text);
  const subject = text.startsWith("delete") ? "$SYS.REQ.CLAIMS.DELETE" : "$SYS.REQ.CLAIMS.UPDATE";
  node.core?.onRequest({ subject, reply: "r", payload }, node.now());
  node.collect();
  story.world.run(1);
}

describe("AC-82, SA-17: five nodes agree and keep their promises", () => {
  test("under loss, doubles, delay, partition, kills, power failures and failing disks", () => {
    let accepted = 0;
    forEachSeed(71, 70, (seed) => {
      const story = new MeshStory(seed, EVERYTHING);
      story.chaos();
      story.heal();
      story.check();
      story.checkDisks();
      accepted += story.world.accepted.length;
    });
    expect(accepted).toBeGreaterThan(0);
  });

  test("without deletions: the newest accepted update is everywhere", () => {
    forEachSeed(72, 20, (seed) => {
      const quiet = { ...EVERYTHING, steps: 50, accounts: 12, deletes: false, expiries: false };
      const story = new MeshStory(seed, quiet);
      story.chaos();
      story.heal();
      story.check();
    });
  });

  test("deletions are forgotten in the end, and nothing comes back after that", () => {
    forEachSeed(73, 10, (seed) => {
      const story = new MeshStory(seed, { ...EVERYTHING, graveLifeMs: 2 * SHORT_MS });
      story.chaos();
      story.heal();
      story.check();
      const before = story.world.nodes.map(liveOf);
      for (let round = 0; round < 4; round += 1) {
        story.world.run(SHORT_MS);
        for (const node of story.world.nodes) node.kill(round % 2 === 0);
        for (const node of story.world.nodes) node.start();
      }
      story.heal();
      expect(proofCounts(story)).toEqual([0, 0, 0, 0, 0]);
      // Whatever had an end has come to it meanwhile.
      const still = story.world.nodes.map(liveOf);
      for (const [index, live] of still.entries()) {
        for (const claim of live.split(" ")) expect(before[index]).toContain(claim);
      }
    });
  });

  test("an update that one node heard is everywhere within a second", () => {
    forEachSeed(74, 5, (seed) => {
      const story = new MeshStory(seed, EVERYTHING);
      story.world.run(2 * INTERVAL_MS);
      const [first] = story.world.nodes;
      const text = accountClaim(accountKey(1), story.world.seconds(), 0, "a");
      pushTo(story, first as MeshNode, text);
      story.world.run(INTERVAL_MS);
      for (const node of story.world.nodes) expect(liveOf(node)).toContain(accountKey(1));
    });
  });
});

describe("ADR 0013: several JWTs of one second", () => {
  test("the one that was pushed later wins everywhere, and a copy of the other changes nothing", () => {
    forEachSeed(75, 10, (seed) => {
      const story = new MeshStory(seed, EVERYTHING);
      const { world } = story;
      const key = accountKey(1);
      const issued = world.seconds();
      const texts = ["a", "b", "c"].map((mark) => accountClaim(key, issued, 0, mark));
      const [first, second] = world.nodes as [MeshNode, MeshNode];
      for (const text of texts) pushTo(story, first, text);
      pushTo(story, first, texts[0] as string);
      world.run(50);
      first.kill(true);
      first.start();
      pushTo(story, first, texts[1] as string);
      story.heal();
      pushTo(story, second, texts[2] as string);
      story.heal();
      expect(second.disk.files.get(second.core?.store.pathOf(key) ?? "")).toBe(texts[2]);
      expect(new Set(world.nodes.map(liveOf)).size).toBe(1);
    });
  });
});

describe("ADR 0013: a node that slept longer than deletions are remembered", () => {
  test("brings nothing back, keeps what is still there, and loses nothing new", () => {
    forEachSeed(76, 5, (seed) => {
      const story = new MeshStory(seed, { ...EVERYTHING, graveLifeMs: SHORT_MS });
      const { world } = story;
      const [first] = world.nodes as [MeshNode];
      const last = world.nodes[4] as MeshNode;
      for (let index = 0; index < 6; index += 1) {
        pushTo(story, first, accountClaim(accountKey(index), world.seconds(), 0, `m${index}`));
      }
      story.heal();
      world.run(SHORT_MS);
      last.kill(false);
      pushTo(story, first, deleteClaim([accountKey(0), accountKey(1)], world.seconds()));
      world.run(2 * SHORT_MS);
      pushTo(story, first, accountClaim(accountKey(9), world.seconds(), 0, "new"));
      expect(proofCounts(story)).toEqual([0, 0, 0, 0, undefined]);
      last.start();
      expect(last.core?.store.standing.isReturning).toBe(true);
      world.run(200);
      pushTo(story, last, accountClaim(accountKey(8), world.seconds(), 0, "here"));
      story.heal();
      world.run(3 * INTERVAL_MS);
      expect(last.core?.store.standing.isReturning).toBe(false);
      const left = [2, 3, 4, 5, 8, 9].map((index) => accountKey(index)).sort();
      for (const node of world.nodes) {
        expect(node.core?.store.keys(node.now().unixMs)).toEqual(left);
      }
      expect(last.log.join("\n")).toContain("was deleted while this server was away");
    });
  });

  test("all of them: what they hold counts again when nobody was awake", () => {
    forEachSeed(77, 5, (seed) => {
      const story = new MeshStory(seed, { ...EVERYTHING, graveLifeMs: SHORT_MS });
      const { world } = story;
      const [first] = world.nodes as [MeshNode];
      pushTo(story, first, accountClaim(accountKey(1), world.seconds(), 0, "a"));
      story.heal();
      const live = liveOf(first);
      world.run(SHORT_MS);
      for (const node of world.nodes) node.kill(true);
      world.run(2 * SHORT_MS);
      // One of them lost its disk; an empty directory proves nothing.
      for (const node of world.nodes.slice(1)) node.start();
      first.disk.files.clear();
      first.start();
      story.heal();
      world.run(10 * INTERVAL_MS);
      story.heal();
      expect(world.nodes.map(liveOf)).toEqual(Array.from({ length: 5 }, () => live));
    });
  });
});
