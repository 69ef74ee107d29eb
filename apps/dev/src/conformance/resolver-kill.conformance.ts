// kill -9 while account tokens are pushed into a directory, at moments that nobody chose: after the next
// start each account has the token that was acknowledged last, or a later one, whole. What happens
// between any two steps of the disk is tried in packages/jwt-store/src/directory-host.test.ts.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { eventually } from "./deadline.ts";
import { OperatorWorld, rawLogin, TestAccount, verdictOf } from "./operator-world.ts";
import type { RawClient } from "./raw-client.ts";
import { type ServerUnderTest, serverForTest } from "./server-under-test.ts";

const ROUNDS = process.env["WEFT_DEEP"] === "1" ? 100 : 3;
const PUSHES = 60;

/** Sends all of them at once; an answer has the number of its push in its subject. */
async function pushAll(server: ServerUnderTest, world: OperatorWorld, tokens: readonly string[]) {
  const client = await rawLogin(server, world.systemUser);
  expect(await verdictOf(client)).toBe("PONG");
  client.send("SUB done.* 1\r\n");
  for (const [number, token] of tokens.entries()) {
    client.send(`PUB $SYS.REQ.CLAIMS.UPDATE done.${number} ${token.length}\r\n${token}\r\n`);
  }
  return client;
}

function acknowledged(client: RawClient): number[] {
  const answer = /MSG done\.(\d+) 1 \d+\r\n\{[^\r]*"code":200/g;
  return [...client.received.matchAll(answer)].map(([, number]) => Number(number));
}

/** Files are the control thread's, however many workers there are. */
const workers = 2;

describe("a server that is killed while accounts are pushed", () => {
  it("AC-87, ADR 0013: keeps for each account the last token that it acknowledged, or a later one", async () => {
    const world = new OperatorWorld();
    const directory = mkdtempSync(join(tmpdir(), "weft-kill-"));
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
    const config = world.directoryConfig(directory);
    const accounts = ["A", "B", "C"].map((name) => new TestAccount(name));
    const last = new Map<string, number>();
    const all = new Map(accounts.map(({ id }) => [id, [] as string[]]));
    for (let round = 0; round < ROUNDS; round += 1) {
      const server = await serverForTest({ config, workers });
      const pushed = Array.from({ length: PUSHES }, (_, at) => {
        const account = accounts[at % accounts.length] as TestAccount;
        const token = world.tokenOf(account);
        const known = all.get(account.id) as string[];
        known.push(token);
        return { id: account.id, token, place: known.length - 1 };
      });
      const client = await pushAll(
        server,
        world,
        pushed.map(({ token }) => token),
      );
      const wanted = 1 + Math.floor((round * PUSHES) / ROUNDS);
      await eventually(
        () => acknowledged(client).length >= wanted || undefined,
        "answers to pushes",
      );
      server.kill("SIGKILL");
      await server.exited;
      await client.closed;
      for (const number of acknowledged(client)) {
        const { id, place } = pushed[number] as (typeof pushed)[number];
        last.set(id, Math.max(last.get(id) ?? -1, place));
      }
      for (const { id } of accounts) {
        const file = join(directory, `${id}.jwt`);
        const atLeast = last.get(id) ?? -1;
        const names = readdirSync(directory);
        const place = names.includes(`${id}.jwt`)
          ? (all.get(id) ?? []).indexOf(readFileSync(file, "utf8"))
          : -1;
        expect(place, `round ${round}: ${names}`).toBeGreaterThanOrEqual(atLeast);
        if (atLeast >= 0) expect(place).toBeGreaterThanOrEqual(0);
      }
    }
    expect([...last.values()].filter((place) => place > 0)).toHaveLength(accounts.length);
    const server = await serverForTest({ config, workers });
    for (const account of accounts) {
      expect(await verdictOf(await rawLogin(server, account.user()))).toBe("PONG");
    }
    expect(readdirSync(directory).filter((name) => name.endsWith(".new"))).toEqual([]);
  });
});
