// `reload` of an embedded server: results, errors, order, and what is left behind.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "@nats-io/transport-node";
import { afterAll, describe, expect, it, onTestFinished } from "vitest";
import { within } from "./deadline.ts";
import { rawForTest } from "./raw-client.ts";
import { workersCounts } from "./server-under-test.ts";

// By its name, so from the build, as another program would load it.
const { startServer, configurationOf, ReloadError } = await import("@weft/server");

type Server = Awaited<ReturnType<typeof startServer>>;
type Start = NonNullable<Parameters<typeof startServer>[0]>;

const folder = mkdtempSync(join(tmpdir(), "weft-reload-embedded-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;

async function start(options: Start): Promise<Server> {
  const server = await startServer(options);
  onTestFinished(() => server.close());
  return server;
}

function file(text: string): string {
  files += 1;
  const path = join(folder, `${files}.conf`);
  writeFileSync(path, text);
  return path;
}

const LISTEN = "listen: 127.0.0.1:-1\n";
const counts = workersCounts.map((count) => Math.max(1, count));

describe.each(counts)("reload of an embedded server (%i workers)", (workers) => {
  it("tells what changed, and what it did to connections", async () => {
    const configFile = file(`${LISTEN}authorization { users: [ { user: a, password: a } ] }`);
    const server = await start({ configFile, workers });
    const { digest } = server.configuration;
    expect(digest).toMatch(/^sha256:/);
    const live = await (await rawForTest(server.port)).login({ user: "a", pass: "a" });
    live.send("SUB x 1\r\n");
    const rights = "permissions: { subscribe: [y] }";
    writeFileSync(
      configFile,
      `${LISTEN}max_payload: 5\nauthorization { users: [ { user: a, password: a, ${rights} } ] }`,
    );
    await live.ping();
    const result = await server.reload();
    expect(result).toMatchObject({
      changes: ["authorization users", "max_payload = 5"],
      connectionsClosed: 0,
      subscriptionsRemoved: 1,
    });
    expect(result.digest).not.toBe(digest);
    expect(server.configuration).toMatchObject({
      digest: result.digest,
      loadedAt: result.loadedAt,
    });
    await live.waitFor(/-ERR 'Permissions Violation for Subscription to "x" \(sid "1"\)'/);
    writeFileSync(configFile, `${LISTEN}authorization { users: [ { user: b, password: b } ] }`);
    expect((await server.reload()).connectionsClosed).toBe(1);
    await live.waitForClose();
  });

  it("rejects with ReloadError and its code, and goes on as before", async () => {
    const configFile = file(LISTEN);
    const server = await start({ configFile, workers, options: { lameDuckGraceMs: 200 } });
    const failed = async (reload: Promise<unknown>): Promise<InstanceType<typeof ReloadError>> => {
      const error: unknown = await reload.then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(error).toBeInstanceOf(ReloadError);
      return error as InstanceType<typeof ReloadError>;
    };
    writeFileSync(configFile, `${LISTEN}max_payload: many\nno_such_option: 1`);
    const invalid = await failed(server.reload());
    expect(invalid.code).toBe("invalid");
    expect(invalid.problems.map(({ at }) => at?.line)).toEqual([2, 3]);
    writeFileSync(configFile, `${LISTEN}server_name: other\nmax_sub_tokens: 3`);
    const unsupported = await failed(server.reload());
    expect(unsupported.code).toBe("unsupported");
    expect(unsupported.message).toBe(
      "config reload not supported for ServerName: old=, new=other\n" +
        "config reload not supported for MaxSubTokens: old=0, new=3",
    );
    expect((await failed((await start({ workers })).reload())).code).toBe("no-file");
    writeFileSync(configFile, LISTEN);
    const connection = await connect({ servers: server.url });
    void server.enterLameDuck();
    expect((await failed(server.reload())).message).toBe("the server is in lame duck mode");
    await connection.close();
    const closing = server.close();
    expect((await failed(server.reload())).code).toBe("ending");
    await closing;
  });

  it("takes other options than a file's, and tells parts of the program", async () => {
    const told: string[] = [];
    const server = await start({
      workers,
      config: LISTEN,
      reloadParts: [
        {
          prepare: (next) => {
            if (next.limits.maxPayload === 13) throw new Error("not thirteen");
            told.push("prepared");
            return { commit: () => told.push("committed") };
          },
          applySnapshot: (snapshot) => told.push(`applied ${snapshot.limits.payloadBytesMax}`),
          onReloaded: ({ changes }) => told.push(...changes),
        },
      ],
    });
    const live = await (await rawForTest(server.port)).login();
    await server.reload(
      configurationOf({ workers, config: "listen: 127.0.0.1:-1\nmax_payload: 12" }),
    );
    expect(told).toEqual(["prepared", "committed", "applied 12", "max_payload = 12"]);
    const thirteen = configurationOf({ workers, config: "listen: 127.0.0.1:-1\nmax_payload: 13" });
    await expect(server.reload(thirteen)).rejects.toThrow("not thirteen");
    live.send("SUB x 1\r\nPUB x 12\r\nhello, world\r\n");
    await live.waitFor(/MSG x 1 12/);
  });

  it("RL-06: the times of lame duck mode", async () => {
    const options = { lameDuckGraceMs: 5_000, lameDuckDurationMs: 600_000 };
    const server = await start({ workers, options });
    await (await rawForTest(server.port)).login();
    const short = { lameDuckGraceMs: 10, lameDuckDurationMs: 100 };
    await server.reload(configurationOf({ workers, options: short }));
    await within(server.enterLameDuck(), "the end of lame duck mode", 5_000);
  });

  it("100 at once are one after the other, and leave nothing behind", async () => {
    const configFile = file(LISTEN);
    const server = await start({ configFile, workers });
    const live = await (await rawForTest(server.port)).login();
    const busy = process.getActiveResourcesInfo().length;
    const all = Array.from({ length: 100 }, () => server.reload());
    writeFileSync(configFile, `${LISTEN}max_payload: 77`);
    await Promise.all(all);
    for (let round = 0; round < 100; round += 1) {
      writeFileSync(
        configFile,
        `${LISTEN}max_payload: ${1_000 + round}\naccounts { N${round} { } }`,
      );
      await server.reload();
    }
    const { accounts } = server.configuration.accounts;
    expect(accounts.filter(({ retired }) => retired !== true)).toHaveLength(3);
    expect(process.getActiveResourcesInfo().length).toBeLessThanOrEqual(busy + 2);
    await live.ping();
    const info = await (await rawForTest(server.port)).info();
    expect(info["max_payload"]).toBe(1_099);
  });

  it("a close in the middle of reloads ends them all", async () => {
    const configFile = file(LISTEN);
    const server = await start({ configFile, workers });
    const results = Array.from({ length: 20 }, (_, index) => {
      writeFileSync(configFile, `${LISTEN}max_payload: ${100 + index}`);
      return server.reload().then(
        () => "done",
        (error: Error) => error.message,
      );
    });
    await results[0];
    const next = server.reload().then(
      () => "done",
      (error: Error) => error.message,
    );
    await within(server.close(), "the end");
    for (const result of [...results, next]) {
      expect(await result).toMatch(/^(?:done|the server is shutting down)$/);
    }
  });
});
