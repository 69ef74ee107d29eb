// The order of versions, and that a set does not care how it came about.
import { createPrng } from "@weft/base";
import { budget } from "@weft/sim";
import { describe, expect, test } from "vitest";
import { claimHash } from "./claim-hash.ts";
import { ClaimSet, compareVersions, type Offer, type Proof } from "./claim-set.ts";
import { accountKey } from "./testing/plain-claims.ts";

const A = accountKey(1);

function offer(text: string, stamp: number, rank: number | "next" = 0, key = A): Offer {
  return { key, stamp, hash: claimHash(text), expires: 0, jti: "", shared: true, rank };
}

function proof(text: string, stamp: number, keys = [A]): Proof {
  return { id: claimHash(text), keys, stamp, dropAfterMs: 1e15 };
}

function pictureOf(set: ClaimSet): string {
  const live = [...set.claims()].map(({ key, hash, rank }) => `${key} ${hash} ${rank}`);
  const proofs = [...set.proofs()].map(({ id }) => id);
  return JSON.stringify([live.sort(), proofs.sort(), set.digest()]);
}

describe("ADR 0013: the newest JWT of an account", () => {
  test("issue time decides, then rank, then hash", () => {
    const version = (stamp: number, rank: number, hash: string) => ({ stamp, rank, hash });
    expect(compareVersions(version(2, 0, "a"), version(1, 9, "b"))).toBeGreaterThan(0);
    expect(compareVersions(version(1, 1, "a"), version(1, 0, "b"))).toBeGreaterThan(0);
    expect(compareVersions(version(1, 0, "a"), version(1, 0, "b"))).toBeLessThan(0);
    expect(compareVersions(version(1, 0, "a"), version(1, 0, "a"))).toBe(0);
  });

  test("older ones and copies change nothing", () => {
    const set = new ClaimSet();
    expect(set.offer(offer("a", 10, "next"))).toBe("stored");
    expect(set.offer(offer("b", 9, "next"))).toBe("older");
    expect(set.offer(offer("a", 10, "next"))).toBe("same");
    expect(set.offer(offer("c", 11, "next"))).toBe("stored");
    expect(set.live(A)?.hash).toBe(claimHash("c"));
  });

  test("of one second, the one that a client brings later; a copy of the other does not count", () => {
    const set = new ClaimSet();
    for (const text of ["a", "b", "c"]) expect(set.offer(offer(text, 10, "next"))).toBe("stored");
    expect(set.offer(offer("b", 10, "next"))).toBe("older");
    expect(set.live(A)).toMatchObject({ hash: claimHash("c"), rank: 2 });
    for (let more = 0; more < 13; more += 1) {
      expect(set.offer(offer(`m${more}`, 10, "next"))).toBe("stored");
    }
    expect(set.offer(offer("one too many", 10, "next"))).toBe("crowded");
    expect(set.offer(offer("from a peer", 10, 99))).toBe("stored");
  });

  test("AC-82: a full store refuses what is new and takes what it knows", () => {
    const set = new ClaimSet(1);
    expect(set.offer(offer("a", 10))).toBe("stored");
    expect(set.offer(offer("x", 10, 0, accountKey(2)))).toBe("full");
    expect(set.offer(offer("b", 11))).toBe("stored");
  });

  test("a deletion ends what was issued up to then, and nothing later", () => {
    const set = new ClaimSet();
    set.offer(offer("a", 10));
    expect(set.bury(proof("p", 10)).map(({ key }) => key)).toEqual([A]);
    expect(set.live(A)).toBeUndefined();
    expect(set.offer(offer("b", 10))).toBe("deleted");
    expect(set.offer(offer("c", 11))).toBe("stored");
    expect(set.bury(proof("q", 10))).toEqual([]);
    expect(set.live(A)?.hash).toBe(claimHash("c"));
    set.forget(claimHash("p"));
    expect(set.grave(A)?.id).toBe(claimHash("q"));
  });

  test("AC-89: the sum is the XOR of the hashes, and zero when nothing is left", () => {
    const set = new ClaimSet();
    set.offer(offer("a", 10));
    expect(Buffer.from(set.sum()).toString("hex")).toBe(claimHash("a"));
    set.offer(offer("b", 10, 0, accountKey(2)));
    set.remove(A);
    expect(Buffer.from(set.sum()).toString("hex")).toBe(claimHash("b"));
    set.remove(accountKey(2));
    expect(set.sum()).toEqual(new Uint8Array(32));
    expect(set.digest()).toEqual(new ClaimSet().digest());
  });

  test("any order, with repeats, gives the same set", () => {
    for (let seed = 0; seed < budget(200); seed += 1) {
      const prng = createPrng(seed);
      const news = Array.from({ length: 24 }, (_, index) => {
        const key = accountKey(prng.below(3));
        const stamp = prng.below(5);
        return prng.below(5) === 0
          ? proof(`p${index}`, stamp, [key, accountKey(prng.below(3))])
          : offer(`t${prng.below(16)} ${key} ${stamp}`, stamp, prng.below(3), key);
      });
      const pictures = [0, 1, 2].map(() => {
        const set = new ClaimSet();
        const rest = [...news, ...news.slice(prng.below(news.length))];
        while (rest.length > 0) {
          const [next] = rest.splice(prng.below(rest.length), 1);
          if (next !== undefined && "id" in next) set.bury(next);
          else if (next !== undefined) set.offer(next);
        }
        return pictureOf(set);
      });
      expect(new Set(pictures).size, `seed ${seed}`).toBe(1);
    }
  });
});
