// An address of account tokens that takes connections and says nothing more (AC-81), while logins wait
// for it and the configuration is reloaded: who is connected notices nothing, and everything ends within
// its time, with a text that names the address and not the password in it. Test thread.
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, onTestFinished } from "vitest";
import {
  login,
  newKey,
  OperatorWorld,
  rawLogin,
  TestAccount,
  type TestUser,
  verdictOf,
} from "./operator-world.ts";
import { describeWithWorkers, itWeft, serverForTest } from "./server-under-test.ts";

const REFUSED = "Authorization Violation";
/** A reload waits one second at most for accounts that the configuration names. */
const RELOAD_MAX_MS = 5_000;
const PASSWORD = "cAnArY-of-the-address";

/** Answers with these tokens until it is told to hang. */
async function startEndpoint(tokens: ReadonlyMap<string, string>) {
  const hanging: ServerResponse[] = [];
  let isHanging = false;
  const web = createServer((request, response) => {
    const key = (request.url ?? "").split("/").at(-1) ?? "";
    if (isHanging) {
      // Half of an answer to every second one.
      if (hanging.push(response) % 2 === 0) response.write("eyJ");
      return;
    }
    const text = key === "" ? "" : tokens.get(key);
    response.statusCode = text === undefined ? 404 : 200;
    response.end(text);
  });
  await new Promise<void>((resolve) => web.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    web.closeAllConnections();
    web.close();
  });
  const { port } = web.address() as AddressInfo;
  return {
    url: `http://weft:${PASSWORD}@127.0.0.1:${port}/accounts/`,
    asked: () => hanging.length,
    hang: (hangs: boolean) => {
      isHanging = hangs;
    },
  };
}

describeWithWorkers("an address of tokens that hangs", (workers) => {
  itWeft("AC-81 RL-05 GP-1: during a reload", async () => {
    const world = new OperatorWorld();
    const [here, slow, wanted] = [1, 2, 3].map((n) => new TestAccount(`A${n}`)) as [
      TestAccount,
      TestAccount,
      TestAccount,
    ];
    const known = [world.system, here, slow, wanted].map(
      (account) => [account.id, world.tokenOf(account)] as const,
    );
    const endpoint = await startEndpoint(new Map(known));
    const config = (imports: string) => `operator: "${world.token}"
      resolver: URL("${endpoint.url}")
      mixed_authentication: true
      authorization { timeout: 8 }
      accounts { SHOP { users: [ { user: ann, password: a } ], imports: [ ${imports} ] } }`;
    const server = await serverForTest({ config: config(""), workers });
    const user = here.user();
    const [publisher, reader] = await Promise.all([login(server, user), login(server, user)]);
    const numbers: number[] = [];
    reader.subscribe("n", {
      callback: (_error, message) => void numbers.push(Number(message.string())),
    });
    await reader.flush();

    endpoint.hang(true);
    let sent = 0;
    const flow = setInterval(() => publisher.publish("n", String(sent++)), 5);
    onTestFinished(() => clearInterval(flow));
    const verdict = async (who: TestUser) => verdictOf(await rawLogin(server, who));
    const before = verdict(slow.user());
    await expect.poll(endpoint.asked).toBeGreaterThan(0);
    const began = performance.now();
    const stream = `{ stream: { account: ${wanted.id}, subject: "news" } }`;
    const outcome = await server.reload(config(stream));
    expect(outcome).toMatch(/^Reloaded server configuration/);
    expect(performance.now() - began).toBeLessThan(RELOAD_MAX_MS);

    // The new configuration holds, whoever needs nothing from there logs in, and nobody waits for ever.
    expect(await verdict(here.user())).toBe("PONG");
    expect(await before).toBe(REFUSED);
    expect(await verdict(slow.user())).toBe(REFUSED);
    await server.waitForLog(new RegExp(`Account ${wanted.id} of the configuration: .*timed out`));
    clearInterval(flow);
    await publisher.flush();
    await expect.poll(() => numbers.length).toBe(sent);
    expect(numbers).toEqual(Array.from({ length: sent }, (_, index) => index));
    expect(sent).toBeGreaterThan(10);
    const fetch = `could not fetch <"http://weft:\\[REDACTED\\]@127\\.0\\.0\\.1:\\d+/accounts/${slow.id}">`;
    for (const where of ["Account fetch failed", "authentication error - JWT User .*"]) {
      expect(server.stderr).toMatch(new RegExp(`${where}.*${fetch}: timed out`));
    }
    expect(server.stderr).not.toContain(PASSWORD);

    // It answers again: so does the server, without a reload.
    endpoint.hang(false);
    await expect.poll(() => verdict(slow.user()), { timeout: 15_000 }).toBe("PONG");
  });
});

describeWithWorkers("an address of tokens that has no system account at first", (workers) => {
  itWeft("AC-82: it is looked for again, without a push", async () => {
    const world = new OperatorWorld();
    const tokens = new Map<string, string>();
    const endpoint = await startEndpoint(tokens);
    const config = `operator: "${world.token}"\nresolver: URL("${endpoint.url}")`;
    const server = await serverForTest({ config, workers });
    await server.waitForLog(/Using bootstrapping system account/);
    // A stand-in knows no signing keys.
    const signer = newKey("account");
    world.system.edit({ signingKeys: new Map([[signer.publicKey, undefined]]) });
    const user = world.system.user({ signer });
    expect(await verdictOf(await rawLogin(server, user))).toBe(REFUSED);
    tokens.set(world.system.id, world.tokenOf(world.system));
    await server.waitForLog(/The bootstrapping system account has been replaced/);
    expect(await verdictOf(await rawLogin(server, user))).toBe("PONG");
  });
});

describe("an address of tokens that hangs from the start on", () => {
  itWeft("AC-81: at the start", async () => {
    const world = new OperatorWorld();
    const endpoint = await startEndpoint(new Map());
    endpoint.hang(true);
    const config = `operator: "${world.token}"\nresolver: URL("${endpoint.url}")`;
    const failure = await serverForTest({ config, workers: 1 }).then(
      () => "it started",
      (error: Error) => error.message,
    );
    expect(failure).toMatch(/could not fetch <"http:\/\/weft:xxxxx@127\.0\.0\.1.*timed out/);
    expect(failure).not.toContain(PASSWORD);
  });
});
