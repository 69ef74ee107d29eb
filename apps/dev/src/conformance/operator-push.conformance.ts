// What an account token that is brought may be like (AC-87, AC-88): its times, its end, and how a wrong
// one is refused.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import {
  login,
  nowSeconds,
  OperatorWorld,
  rawLogin,
  signed,
  TestAccount,
  verdictOf,
} from "./operator-world.ts";
import { describeWithWorkers, itWeft, serverForTest } from "./server-under-test.ts";

describeWithWorkers("tokens that are brought", (workers) => {
  /** A server with a directory, an account in it, and a user of it who is connected. */
  async function stage() {
    const world = new OperatorWorld();
    const directory = mkdtempSync(join(tmpdir(), "weft-operator-"));
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
    const server = await serverForTest({ config: world.directoryConfig(directory), workers });
    const system = await login(server, world.systemUser);
    const a = new TestAccount("A");
    const bring = async (text: string): Promise<unknown> =>
      JSON.parse((await system.request("$SYS.REQ.CLAIMS.UPDATE", text)).string());
    const updated = { data: { account: a.id, code: 200, message: "jwt updated" } };
    expect(await bring(world.tokenOf(a))).toMatchObject(updated);
    const client = await rawLogin(server, a.user());
    expect(await verdictOf(client)).toBe("PONG");
    return { world, server, system, a, bring, updated, client };
  }

  it("AC-87: one that has expired or is not good yet is kept, and not in force", async () => {
    const { world, server, a, bring, updated, client } = await stage();
    a.edit({ revocations: new Map([["*", nowSeconds()]]) });
    expect(await bring(world.tokenOf(a, { expires: nowSeconds() - 10 }))).toMatchObject(updated);
    const early = { ...a.claims, notBeforeSeconds: nowSeconds() + 60 };
    expect(await bring(signed(early, world.operator))).toMatchObject(updated);
    await client.ping();
    expect(await verdictOf(await rawLogin(server, a.user()))).toBe("PONG");
  });

  itWeft("AC-87: what is brought early is in force when it is good", async () => {
    const { world, system, a, bring, updated, client } = await stage();
    a.edit({ revocations: new Map([["*", nowSeconds()]]) });
    const early = signed({ ...a.claims, notBeforeSeconds: nowSeconds() + 2 }, world.operator);
    expect(await bring(early)).toMatchObject(updated);
    const lookup = await system.request(`$SYS.REQ.ACCOUNT.${a.id}.CLAIMS.LOOKUP`);
    expect(lookup.string()).toBe(early);
    await client.ping();
    await client.waitFor(/^-ERR 'User Authentication Revoked'\r\n/m, 5_000);
  });

  it("AC-87 AN-43: line ends behind a token are none of it", async () => {
    const { world, server, system, a, bring, updated } = await stage();
    const text = world.tokenOf(a);
    expect(await bring(`${text}\r\n`)).toMatchObject(updated);
    const lookup = await system.request(`$SYS.REQ.ACCOUNT.${a.id}.CLAIMS.LOOKUP`);
    expect(lookup.string().trimEnd()).toBe(text);
    const user = a.user();
    const client = await rawLogin(server, user, { jwt: `${user.token}\n` });
    expect(await verdictOf(client)).toBe("PONG");
  });

  it("AC-88: what is wrong with one is told in the reference's words", async () => {
    const { world, a, bring } = await stage();
    a.edit({ infoUrl: "foo", clusterTraffic: "bar" });
    expect(await bring(world.tokenOf(a))).toMatchObject({
      error: {
        account: a.id,
        code: 500,
        description:
          "jwt validation failed - validation errors: " +
          '[error parsing info url: no hostname or scheme unknown cluster traffic option: "bar"]',
      },
    });
    expect(await bring(a.user().token)).toMatchObject({
      error: { description: "jwt update resulted in error - not account claim" },
    });
  });
});
