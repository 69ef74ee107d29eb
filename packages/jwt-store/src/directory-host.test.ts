// A directory on a real disk: cut between any two system calls, failing, reloaded, shared (AC-82 to
// AC-86, AC-90, AC-95, SA-14).
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { nodeFileSystem } from "./file-system.ts";
import { CutFileSystem } from "./testing/cut-file-system.ts";
import { HostBench, type Mesh, removeFolders, temporaryFolder } from "./testing/host-bench.ts";
import { accountJwt, deletionJwt, OPERATOR, testKey } from "./testing/signed-claims.ts";

afterEach(removeFolders);

const A = testKey("account", 10);
const B = testKey("account", 11);
const OLD = accountJwt(A, { issued: 1_700_000_000, name: "old" });
const NEW = accountJwt(A, { issued: 1_700_000_100, name: "new" });
const UPDATE = "$SYS.REQ.CLAIMS.UPDATE";

async function started(bench: HostBench): Promise<HostBench> {
  await bench.host.start();
  await bench.host.settled();
  return bench;
}

async function stored(path: string, ...texts: string[]): Promise<void> {
  const bench = await started(new HostBench(path));
  for (const text of texts) await bench.ask(UPDATE, text);
  await bench.host.stop();
}

const lookup = async (bench: HostBench, key = A): Promise<string | undefined> =>
  bench.host.read(key.publicKey);

describe("AC-85: files", () => {
  test("modes, names and bytes", async () => {
    const path = join(temporaryFolder(), "made", "here");
    await stored(path, OLD);
    const file = join(path, `${A.publicKey}.jwt`);
    expect(readFileSync(file, "latin1")).toBe(OLD);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(path).mode & 0o777).toBe(0o700);
  });

  test("a path that is a file, and one that is missing for a read-only type", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "file"), "");
    await expect(new HostBench(join(folder, "file")).host.start()).rejects.toThrow(
      "is not a directory",
    );
    const missing = new HostBench(join(folder, "none"), { type: "file", deletion: "none" });
    await expect(missing.host.start()).rejects.toThrow("doesn't exist");
  });
});

describe("kill -9 at every point", () => {
  test.each([false, true])(
    "of an update (sharded: %s): old or new, never neither",
    async (sharded) => {
      const outcomes = new Set<string | undefined>();
      for (let cutAt = 1; ; cutAt += 1) {
        const path = temporaryFolder();
        const first = await started(new HostBench(path, { sharded }));
        await first.ask(UPDATE, OLD);
        await first.host.stop();

        const files = new CutFileSystem(nodeFileSystem, Number.POSITIVE_INFINITY);
        const whole = await started(new HostBench(path, { sharded }, { files }));
        const before = files.calls;
        await whole.host.stop();
        const cut = new CutFileSystem(nodeFileSystem, before + cutAt);
        const dying = await started(new HostBench(path, { sharded }, { files: cut }));
        const answers = await dying.ask(UPDATE, NEW);
        const isWhole = answers.some((answer) => answer.includes("jwt updated"));
        void dying.host.stop().catch(() => undefined);

        const again = await started(new HostBench(path, { sharded }));
        const text = await lookup(again);
        expect([OLD, NEW], `cut at ${cutAt}`).toContain(text);
        if (isWhole) expect(text).toBe(NEW);
        outcomes.add(text);
        const names = readdirSync(path, { recursive: true }).map(String);
        expect(names.filter((name) => name.endsWith(".new"))).toEqual([]);
        await again.host.stop();
        if (isWhole) break;
      }
      expect(outcomes.size).toBe(2);
    },
  );

  test("of a deletion: what was told as deleted stays so", async () => {
    let told = false;
    for (let cutAt = 1; !told; cutAt += 1) {
      const path = temporaryFolder();
      await stored(path, OLD, accountJwt(B));
      const probe = new CutFileSystem(nodeFileSystem, Number.POSITIVE_INFINITY);
      await (await started(new HostBench(path, {}, { files: probe }))).host.stop();
      const cut = new CutFileSystem(nodeFileSystem, probe.calls + cutAt);
      const dying = await started(new HostBench(path, {}, { files: cut }));
      const keys = [A.publicKey, B.publicKey];
      const answers = await dying.ask("$SYS.REQ.CLAIMS.DELETE", deletionJwt(keys));
      told = answers.some((answer) => answer.includes("deleted 2 accounts"));
      void dying.host.stop().catch(() => undefined);

      const again = await started(new HostBench(path));
      const left = [await lookup(again), await lookup(again, B)];
      // Both or neither: the deletion is one file, which is there or not.
      expect(new Set(left.map((text) => text === undefined)).size, `cut at ${cutAt}`).toBe(1);
      if (told) expect(left).toEqual([undefined, undefined]);
      await again.host.stop();
    }
  });
});

describe("a disk that fails", () => {
  test("is told to the operator; what was there is still served, and the next push works", async () => {
    const path = temporaryFolder();
    await stored(path, OLD);
    const probe = new CutFileSystem(nodeFileSystem, Number.POSITIVE_INFINITY);
    await (await started(new HostBench(path, {}, { files: probe }))).host.stop();
    const fails = () => new Error("ENOSPC: no space left on device");
    const files = new CutFileSystem(nodeFileSystem, probe.calls + 2, fails);
    const bench = await started(new HostBench(path, {}, { files }));
    const [answer] = await bench.ask(UPDATE, NEW);
    expect(answer).toContain("jwt update resulted in error - ENOSPC");
    expect(await lookup(bench)).toBe(OLD);
    expect(bench.changed).toEqual([]);
    expect((await bench.ask(UPDATE, NEW))[0]).toContain("jwt updated");
    expect(await lookup(bench)).toBe(NEW);
    await bench.host.stop();
  });
});

describe("AC-95: reload", () => {
  test("takes files that somebody else has written, and says which accounts changed", async () => {
    const path = temporaryFolder();
    await stored(path, OLD);
    const bench = await started(new HostBench(path));
    writeFileSync(join(path, `${A.publicKey}.jwt`), `${NEW}\n`);
    writeFileSync(join(path, `${B.publicKey}.jwt`), accountJwt(B));
    writeFileSync(join(path, "note.txt"), "x");
    await bench.host.reload();
    expect(bench.changed.sort()).toEqual([A.publicKey, B.publicKey].sort());
    expect(await lookup(bench)).toBe(NEW);
    await bench.host.stop();
  });

  test("a file that is too large or not readable as a JWT is named and left alone", async () => {
    const path = temporaryFolder();
    await stored(path, OLD);
    writeFileSync(join(path, `${B.publicKey}.jwt`), "x".repeat(1_000_001));
    const other = testKey("account", 12).publicKey;
    writeFileSync(join(path, `${other}.jwt`), "x");
    const bench = await started(new HostBench(path));
    const log = bench.log.join("\n");
    expect(log).toContain(`${B.publicKey}.jwt is larger than`);
    expect(log).toContain(`file of account ${other} is not used`);
    expect(readdirSync(path)).toContain(`${other}.jwt`);
    expect(await lookup(bench)).toBe(OLD);
    await bench.host.stop();
  });
});

describe("SA-14: a read-only directory", () => {
  test("as Kubernetes mounts it: links to files, and nothing is written", async () => {
    const path = temporaryFolder();
    mkdirSync(join(path, "..2026"));
    writeFileSync(join(path, "..2026", `${A.publicKey}.jwt`), OLD);
    symlinkSync(join("..2026", `${A.publicKey}.jwt`), join(path, `${A.publicKey}.jwt`));
    symlinkSync("nowhere", join(path, `${B.publicKey}.jwt`));
    const bench = await started(new HostBench(path, { type: "file", deletion: "none" }));
    expect(await lookup(bench)).toBe(OLD);
    expect((await bench.ask(UPDATE, NEW))[0]).toContain("store is read-only");
    expect((await bench.ask("$SYS.REQ.CLAIMS.DELETE", deletionJwt([A.publicKey])))[0]).toContain(
      "delete must be enabled in server config",
    );
    expect(readdirSync(path)).toHaveLength(3);
    await bench.host.stop();
  });
});

describe("AC-82, AC-83: hosts of one mesh", () => {
  test("a push to one is found by the others, and by a cache that asks", async () => {
    const mesh: Mesh = { hosts: new Map() };
    const make = (name: string, type: "full" | "cache") =>
      started(new HostBench(temporaryFolder(), { type, syncIntervalMs: 200 }, { mesh, name }));
    const first = await make("first", "full");
    const second = await make("second", "full");
    const cache = await make("C1", "cache");
    await first.ask(UPDATE, OLD);
    await expect.poll(() => lookup(second), { timeout: 10_000 }).toBe(OLD);
    expect(await cache.host.fetch(A.publicKey)).toEqual({ kind: "found", text: OLD });
    expect(await cache.host.fetch(B.publicKey)).toEqual({ kind: "absent" });
    cache.host.keep(OLD);
    await cache.host.settled();
    await first.ask(UPDATE, NEW);
    await expect.poll(() => lookup(cache), { timeout: 10_000 }).toBe(NEW);
    await second.ask("$SYS.REQ.CLAIMS.DELETE", deletionJwt([A.publicKey]));
    await expect.poll(() => lookup(first), { timeout: 10_000 }).toBeUndefined();
    await expect.poll(() => lookup(cache), { timeout: 10_000 }).toBeUndefined();
    for (const { host } of mesh.hosts.values()) await host.stop();
  });

  test("bytes that are no message are named in the log and nothing else", async () => {
    const bench = await started(new HostBench(temporaryFolder()));
    bench.host.onMeshPayload(Buffer.from("{"));
    expect(bench.log.join("\n")).toContain("can not be read");
    await bench.host.stop();
  });
});

describe("GP-8", () => {
  test("a JWT of another operator is refused and leaves no file", async () => {
    const bench = await started(new HostBench(temporaryFolder()));
    const text = accountJwt(A, {}, { ...testKey("operator", 9) });
    expect(text).not.toBe(accountJwt(A, {}, OPERATOR));
    expect(await bench.ask(UPDATE, text)).toEqual([
      `{"server":{},"error":{"account":"${A.publicKey}","code":403,` +
        '"description":"jwt update resulted in error - issuer is not trusted"}}',
    ]);
    expect(readdirSync(bench.path)).toEqual(["weft-claims"]);
    await bench.host.stop();
  });
});
