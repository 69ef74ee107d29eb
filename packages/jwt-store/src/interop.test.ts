// The same directory under nats-server and under Weft, one after the other, and the same requests to
// both (AC-82, AC-85 to AC-90).
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { HostBench, removeFolders, temporaryFolder } from "./testing/host-bench.ts";
import { ReferenceServer, referencePath } from "./testing/reference-server.ts";
import {
  accountJwt,
  deletionJwt,
  OPERATOR,
  SYSTEM,
  signClaim,
  testKey,
} from "./testing/signed-claims.ts";

afterEach(removeFolders);

const A = testKey("account", 20);
const B = testKey("account", 21);
const USER = testKey("user", 20);
const CLAIMS = {
  system: accountJwt(SYSTEM),
  a: accountJwt(A, { name: "a" }),
  newerA: accountJwt(A, { name: "a2", issued: 1_700_000_500 }),
  b: accountJwt(B, { name: "b" }),
};

/** What the answer says, without who says it. */
function gist(answer: string): unknown {
  if (!answer.startsWith("{")) return answer;
  const { server: _server, ...rest } = JSON.parse(answer) as Record<string, unknown>;
  return rest;
}

function jwtFiles(path: string): Record<string, string> {
  const names = readdirSync(path).filter((name) => name.includes(".jwt"));
  return Object.fromEntries(
    names.sort().map((name) => [name, readFileSync(join(path, name), "utf8")]),
  );
}

const why = referencePath === undefined ? " [skipped: nats-server is not here]" : "";

describe.skipIf(referencePath === undefined)(`a directory of both servers${why}`, () => {
  test("AC-85: what Weft wrote, nats-server reads", { timeout: 30_000 }, async () => {
    const path = temporaryFolder();
    const bench = new HostBench(path);
    await bench.host.start();
    for (const text of [CLAIMS.system, CLAIMS.a, CLAIMS.b, CLAIMS.newerA]) {
      expect((await bench.ask("$SYS.REQ.CLAIMS.UPDATE", text))[0]).toContain("jwt updated");
    }
    await bench.ask("$SYS.REQ.CLAIMS.DELETE", deletionJwt([B.publicKey]));
    const sum = bench.host.node.store.set.sum();
    await bench.host.stop();

    const reference = await ReferenceServer.start(temporaryFolder(), path);
    try {
      const list = JSON.parse(await reference.ask("$SYS.REQ.CLAIMS.LIST", "")) as {
        data: string[];
      };
      expect(list.data).toEqual([A.publicKey, SYSTEM.publicKey].sort());
      const lookup = `$SYS.REQ.ACCOUNT.${A.publicKey}.CLAIMS.LOOKUP`;
      expect(await reference.ask(lookup, "")).toBe(CLAIMS.newerA);
      // The hash over everything is the same: nothing has to be sent.
      expect(await reference.pack(sum)).toEqual([]);
      expect(await reference.pack(new Uint8Array())).toHaveLength(2);
      const user = await reference.login(USER, A);
      await user.flush();
      await user.close();
    } finally {
      await reference.stop();
    }
  });

  test("AC-85: what nats-server wrote, Weft reads", { timeout: 30_000 }, async () => {
    const path = temporaryFolder();
    const first = new HostBench(path);
    await first.host.start();
    await first.ask("$SYS.REQ.CLAIMS.UPDATE", CLAIMS.system);
    await first.host.stop();
    const reference = await ReferenceServer.start(temporaryFolder(), path);
    try {
      for (const text of [CLAIMS.a, CLAIMS.b, CLAIMS.newerA]) {
        expect(await reference.ask("$SYS.REQ.CLAIMS.UPDATE", text)).toContain("jwt updated");
      }
      await reference.ask("$SYS.REQ.CLAIMS.DELETE", deletionJwt([B.publicKey]));
    } finally {
      await reference.stop();
    }
    const bench = new HostBench(path);
    await bench.host.start();
    await bench.host.settled();
    expect(bench.host.node.store.keys(Date.now())).toEqual([A.publicKey, SYSTEM.publicKey].sort());
    expect(await bench.host.read(A.publicKey)).toBe(CLAIMS.newerA);
    expect(bench.log.filter((line) => line.includes("not used"))).toEqual([]);
    await bench.host.stop();
  });

  test("AC-86 to AC-90: the same requests, the same answers and files", {
    timeout: 30_000,
  }, async () => {
    const paths = [temporaryFolder(), temporaryFolder()] as const;
    for (const path of paths) {
      const seeded = new HostBench(path);
      await seeded.host.start();
      await seeded.ask("$SYS.REQ.CLAIMS.UPDATE", CLAIMS.system);
      await seeded.host.stop();
    }
    const bench = new HostBench(paths[1]);
    await bench.host.start();
    const reference = await ReferenceServer.start(temporaryFolder(), paths[0]);
    const account = (key: { publicKey: string }, verb: string): string =>
      `$SYS.REQ.ACCOUNT.${key.publicKey}.CLAIMS.${verb}`;
    const generic = (data: object): string =>
      signClaim(
        OPERATOR,
        OPERATOR.publicKey,
        { ...data, type: "generic", version: 2 },
        {
          issued: Math.floor(Date.now() / 1000),
        },
      );
    const requests: readonly (readonly [string, string])[] = [
      ["$SYS.REQ.CLAIMS.UPDATE", CLAIMS.a],
      ["$SYS.REQ.CLAIMS.UPDATE", CLAIMS.a],
      [account(B, "UPDATE"), CLAIMS.b],
      [`$SYS.ACCOUNT.${A.publicKey}.CLAIMS.UPDATE`, CLAIMS.newerA],
      [account(B, "UPDATE"), CLAIMS.a],
      [account(A, "LOOKUP"), ""],
      ["$SYS.REQ.CLAIMS.LIST", ""],
      ["$SYS.REQ.CLAIMS.DELETE", generic({})],
      ["$SYS.REQ.CLAIMS.DELETE", generic({ accounts: "x" })],
      ["$SYS.REQ.CLAIMS.DELETE", generic({ accounts: ["x"] })],
      ["$SYS.REQ.CLAIMS.DELETE", deletionJwt([SYSTEM.publicKey])],
      ["$SYS.REQ.CLAIMS.DELETE", deletionJwt([A.publicKey], undefined, testKey("operator", 5))],
      [
        "$SYS.REQ.CLAIMS.DELETE",
        signClaim(A, OPERATOR.publicKey, { accounts: [], type: "generic" }),
      ],
      ["$SYS.REQ.CLAIMS.DELETE", deletionJwt([A.publicKey, B.publicKey])],
      ["$SYS.REQ.CLAIMS.LIST", ""],
    ];
    try {
      for (const [subject, text] of requests) {
        const expected = await reference.ask(subject, text);
        const answers = await bench.ask(subject, text);
        // A file is read beside the queue.
        await expect.poll(() => bench.answers.length).toBeGreaterThan(0);
        expect([subject, gist(bench.answers[0] ?? answers[0] ?? "")]).toEqual([
          subject,
          gist(expected),
        ]);
      }
      expect(jwtFiles(paths[1])).toEqual(jwtFiles(paths[0]));
    } finally {
      await reference.stop();
      await bench.host.stop();
    }
  });
});
