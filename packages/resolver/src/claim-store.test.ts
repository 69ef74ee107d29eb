// What a directory keeps, lets go and finds again (AC-82 to AC-85, AC-95, SA-14).
import { describe, expect, test } from "vitest";
import { type AcceptVerdict, ClaimStore } from "./claim-store.ts";
import type { ResolverEffect } from "./effects.ts";
import { AWAKE_FILE, FileLayout, type FileStep, fileKindOf } from "./file-steps.ts";
import type { ClaimStoreOptions } from "./store-parts.ts";
import { MemoryDisk } from "./testing/memory-disk.ts";
import { accountClaim, accountKey, deleteClaim, plainReader } from "./testing/plain-claims.ts";

const NOW = 1_000_000_000;
const SECONDS = 1_000_000;
const DAY_MS = 86_400_000;
const A = accountKey(1);

const FULL: ClaimStoreOptions = {
  type: "full",
  sharded: false,
  limit: 100,
  ttlMs: 0,
  deletion: "soft",
  systemAccount: "",
  graveLifeMs: DAY_MS,
};

class Shelf {
  store: ClaimStore;
  readonly disk = new MemoryDisk();
  out: ResolverEffect[] = [];
  readonly seen: ResolverEffect[] = [];
  readonly #options: ClaimStoreOptions;

  constructor(options: Partial<ClaimStoreOptions> = {}, nowMs = NOW) {
    this.#options = { ...FULL, ...options };
    this.store = new ClaimStore(this.#options, plainReader, this.out, nowMs);
    this.read(false, nowMs);
  }

  /** Carries out what is wanted. */
  work(): void {
    for (let effects = this.out.splice(0); effects.length > 0; effects = this.out.splice(0)) {
      for (const effect of effects) {
        this.seen.push(effect);
        if (effect.kind !== "files") continue;
        for (const step of effect.steps) this.disk.run(step);
        this.store.filesDone(effect.ticket, undefined);
      }
    }
  }

  read(isReload: boolean, nowMs: number): void {
    const { load } = this.store;
    load.begin(isReload);
    const layout = new FileLayout(this.#options.sharded);
    for (const path of layout.inLoadOrder([...this.disk.files.keys()])) {
      const text = this.disk.files.get(path) as string;
      const file = fileKindOf(path);
      if (file.kind === "awake") load.awake(text, nowMs);
      else if (file.kind === "proof") load.proof(file.id, text, nowMs);
      else if (file.kind === "order") load.order(file.key, text);
      else if (file.kind === "jwt") load.claim(file.key, path, text, nowMs);
    }
    this.store.endLoad(nowMs);
    this.work();
  }

  restart(nowMs: number): void {
    this.store = new ClaimStore(this.#options, plainReader, this.out, nowMs);
    this.read(false, nowMs);
  }

  put(text: string, nowMs = NOW): AcceptVerdict | undefined {
    const facts = plainReader.verifyAccountJwt(text, nowMs);
    if (!facts.ok) return undefined;
    const verdict = this.store.accept(facts, "next", nowMs);
    this.work();
    return verdict;
  }

  jwts(): string[] {
    return [...this.disk.files.keys()].filter((path) => path.includes(".jwt")).sort();
  }
}

const claim = (index: number, issued = SECONDS, expires = 0): string =>
  accountClaim(accountKey(index), issued, expires, "m");

describe("AC-85: names", () => {
  test("flat and sharded, as nats-server has them", () => {
    const flat = new Shelf();
    flat.put(claim(1));
    expect(flat.jwts()).toEqual([`${A}.jwt`]);
    const sharded = new Shelf({ sharded: true });
    sharded.put(claim(1));
    expect(sharded.jwts()).toEqual([`${A.slice(-2)}/${A}.jwt`]);
  });

  test("CVE-2022-28357, attack 55: only checked names are files of ours", () => {
    const others = [`../${A}.jwt`, `a/b/${A}.jwt`, "x.jwt", `${A}.txt`, "weft-claims/../x.claim"];
    for (const path of others) expect(fileKindOf(path).kind, path).toBe("other");
    const steps: FileStep[] = new FileLayout(true).save(A, "t", "o");
    for (const step of steps) expect(JSON.stringify(step)).not.toContain("..");
    // Also where whoever checks claims lets other names pass.
    for (const name of ["../evil", "/tmp/evil", "", "x", A.toLowerCase(), A.slice(1), `${A}/..`]) {
      const shelf = new Shelf({ sharded: name.length > 3 });
      expect(shelf.put(accountClaim(name, SECONDS, 0, "m")), name).toBe("nameless");
      expect([...shelf.disk.files.keys()]).toEqual([AWAKE_FILE]);
    }
    expect(fileKindOf(`${A}.jwt.deleted`).kind).toBe("other");
    expect(fileKindOf(`${A}.jwt.new`).kind).toBe("leftover");
  });

  test("a directory in the other layout is taken over, the newer file of two counts", () => {
    const shelf = new Shelf();
    const stray = `${A.slice(-2)}/${A}.jwt`;
    for (const [older, newer] of [
      [`${A}.jwt`, stray],
      [stray, `${A}.jwt`],
    ] as const) {
      shelf.disk.files.clear();
      shelf.disk.run({ op: "write", path: older, text: claim(1, 5) });
      shelf.disk.run({ op: "write", path: newer, text: claim(1, 6) });
      shelf.restart(NOW);
      expect(shelf.store.set.live(A)?.stamp).toBe(6);
      expect(shelf.jwts()).toEqual([`${A}.jwt`]);
      expect(shelf.disk.files.get(`${A}.jwt`)).toBe(claim(1, 6));
    }
  });
});

describe("AC-84, AC-90: deletion", () => {
  test("soft keeps the file under another name, hard does not; neither comes back by itself", () => {
    for (const deletion of ["soft", "hard"] as const) {
      const shelf = new Shelf({ deletion });
      shelf.put(claim(1));
      expect(shelf.store.bury(deleteClaim([A], SECONDS), NOW)).toBe("buried");
      shelf.work();
      expect(shelf.jwts()).toEqual(deletion === "soft" ? [`${A}.jwt.deleted`] : []);
      expect(shelf.seen).toContainEqual({ kind: "deleted", key: A });
      shelf.restart(NOW);
      expect(shelf.put(claim(1))).toBe("deleted");
      expect(shelf.put(claim(1, SECONDS + 1))).toBe("stored");
    }
  });

  test("ADR 0013: an old file that somebody puts back is not used while the deletion is known", () => {
    const shelf = new Shelf();
    shelf.put(claim(1));
    shelf.store.bury(deleteClaim([A], SECONDS), NOW);
    shelf.work();
    shelf.disk.run({ op: "write", path: `${A}.jwt`, text: claim(1) });
    shelf.read(true, NOW);
    expect(shelf.store.set.size).toBe(0);
    expect(shelf.jwts()).toEqual([`${A}.jwt.deleted`]);
    shelf.store.expire(NOW + DAY_MS);
    shelf.work();
    expect(shelf.store.set.proofCount).toBe(0);
    expect(shelf.put(claim(1))).toBe("stored");
  });

  test("AC-90: the system account stays, also when another node says otherwise", () => {
    const shelf = new Shelf({ systemAccount: A });
    shelf.put(claim(1));
    expect(shelf.store.bury(deleteClaim([A], SECONDS), NOW)).toBe("untrusted");
    expect(new Shelf({ deletion: "none" }).store.bury(deleteClaim([A], SECONDS), NOW)).toBe(
      "read-only",
    );
  });
});

describe("AC-82: expiry", () => {
  test("an expired JWT goes, and an older one without end does not take its place", () => {
    const shelf = new Shelf();
    shelf.put(claim(1, SECONDS, SECONDS + 10));
    shelf.store.expire(NOW + 9_999);
    expect(shelf.store.set.size).toBe(1);
    shelf.store.expire(NOW + 10_000);
    shelf.work();
    expect(shelf.jwts()).toEqual([]);
    expect(shelf.put(claim(1, SECONDS - 5))).toBe("deleted");
    shelf.restart(NOW + 20_000);
    expect(shelf.put(claim(1, SECONDS - 5))).toBe("deleted");
    expect(shelf.put(claim(1, SECONDS + 5))).toBe("stored");
  });

  test("F26: a clock that had run ahead does no harm", () => {
    const shelf = new Shelf();
    shelf.put(claim(1, SECONDS, SECONDS + 10));
    shelf.store.expire(NOW + 3_600_000);
    shelf.work();
    expect(shelf.store.set.size).toBe(0);
    shelf.store.expire(NOW + 1_000);
    shelf.work();
    expect(shelf.jwts()).toEqual([`${A}.jwt`]);
    expect(shelf.store.find(A, NOW)?.stamp).toBe(SECONDS);
  });
});

describe("AC-83: a cache", () => {
  test("lets the one go that rested longest", () => {
    const shelf = new Shelf({ type: "cache", limit: 2 });
    shelf.put(claim(1));
    shelf.put(claim(2));
    shelf.store.find(A, NOW);
    shelf.put(claim(3));
    expect(shelf.jwts()).toEqual([`${A}.jwt`, `${accountKey(3)}.jwt`].sort());
  });

  test("forgets what nobody used for its ttl", () => {
    const shelf = new Shelf({ type: "cache", ttlMs: 1_000 });
    shelf.put(claim(1));
    shelf.put(claim(2));
    shelf.store.find(A, NOW + 900);
    shelf.store.expire(NOW + 1_000);
    shelf.work();
    expect(shelf.jwts()).toEqual([`${A}.jwt`]);
  });
});

describe("AC-95: files that somebody else has changed", () => {
  test("are taken as they are, missing ones are gone", () => {
    const shelf = new Shelf();
    shelf.put(claim(1));
    shelf.put(claim(2));
    shelf.seen.length = 0;
    shelf.disk.run({ op: "write", path: `${A}.jwt`, text: claim(1, 5) });
    shelf.disk.run({ op: "write", path: `${accountKey(3)}.jwt`, text: claim(3) });
    shelf.disk.run({ op: "remove", path: `${accountKey(2)}.jwt` });
    shelf.disk.run({ op: "write", path: `${accountKey(4)}.jwt`, text: claim(5) });
    shelf.read(true, NOW);
    const changed = shelf.seen.filter(({ kind }) => kind === "changed");
    expect(changed).toHaveLength(2);
    expect(shelf.store.keys(NOW)).toEqual([A, accountKey(3)].sort());
    expect(shelf.store.set.live(A)?.stamp).toBe(5);
    expect(shelf.seen).toContainEqual(
      expect.objectContaining({
        kind: "log",
        text: expect.stringContaining("subject does not match the file's name"),
      }),
    );
  });

  test("SA-14: a read-only directory is read where things stand, and never written", () => {
    const shelf = new Shelf({ type: "file", deletion: "none" });
    shelf.disk.run({ op: "write", path: `xx/${A}.jwt`, text: claim(1) });
    const { steps } = shelf.disk;
    shelf.restart(NOW);
    expect(shelf.store.pathOf(A)).toBe(`xx/${A}.jwt`);
    expect(shelf.put(claim(2))).toBe("read-only");
    shelf.store.expire(NOW + DAY_MS);
    shelf.work();
    expect(shelf.disk.steps).toBe(steps);
  });
});
