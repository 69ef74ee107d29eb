// A program that embeds a server decides about logins itself (GP-14, AN-19).
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "vitest";
import {
  type AuthenticationHook,
  type AuthenticationRequest,
  configurationOf,
  type StartOptions,
  startServer,
  type WeftServer,
} from "./index.ts";
import { LineClient, until } from "./test-client.ts";

const certificates = fileURLToPath(new URL("../../net/testdata/", import.meta.url));
const servers: WeftServer[] = [];
const clients: LineClient[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) client.end();
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function start(options: StartOptions): Promise<WeftServer> {
  const server = await startServer({ workers: 1, accounts: [{ name: "A" }], ...options });
  servers.push(server);
  return server;
}

function login(client: LineClient, user: string, pass = ""): LineClient {
  clients.push(client);
  return client.send(`CONNECT ${JSON.stringify({ verbose: false, user, pass })}\r\nPING\r\n`);
}

/** `PONG`, or the error. */
async function verdict(server: WeftServer, user: string, pass?: string): Promise<string> {
  const client = login(LineClient.to(server.url), user, pass);
  return (await client.reads(/^(?:PONG|-ERR .*)\r$/m))[0].trim();
}

const REFUSED = "-ERR 'Authorization Violation'";

test("GP-14: a function decides, at its own pace; others do not wait for it", async () => {
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const hook: AuthenticationHook = async ({ connect }) => {
    if (connect.user === "slow") await held;
    if (connect.user === "throws") throw new Error(`no ${connect.pass}`);
    return connect.user === "out" ? { refuse: "out" } : { account: "A", user: connect.user };
  };
  const lines: string[] = [];
  const users = [{ user: "ops", password: "o" }];
  const authentication = { hook, timeoutMs: 5_000, authUsers: ["ops"] };
  const log = (_level: string, text: string): void => void lines.push(text);
  const server = await start({ authentication, users, log });
  const slow = verdict(server, "slow");
  expect(await verdict(server, "ann")).toBe("PONG");
  expect(await verdict(server, "out")).toBe(REFUSED);
  expect(await verdict(server, "throws", "5ecret")).toBe(REFUSED);
  expect(await verdict(server, "ops", "o")).toBe("PONG");
  expect(await verdict(server, "ops", "x")).toBe(REFUSED);
  release();
  expect(await slow).toBe("PONG");
  expect(lines.join("\n")).toContain("no [REDACTED]");
  expect(lines.join("\n")).not.toContain("5ecret");
});

test("GP-14: without users, `next` lets nobody in", async () => {
  const server = await start({ authentication: () => "next" });
  expect(await verdict(server, "ann")).toBe(REFUSED);
  const early = LineClient.to(server.url).send("PUB a 0\r\n\r\nPING\r\n");
  clients.push(early);
  await until(() => early.closed);
  expect(early.text).toContain(REFUSED);
});

test("GP-14: what TLS knows of a client is told", async () => {
  const asked: AuthenticationRequest[] = [];
  const server = await start({
    authentication: (request) => {
      asked.push(request);
      return { account: "A" };
    },
    config: `port: -1
      tls { cert_file: "${certificates}server.pem", key_file: "${certificates}server.key",
      ca_file: "${certificates}ca.pem", verify: true }
      accounts { A {} }`,
    accounts: [],
  });
  const client = await LineClient.upgraded(server.url, {
    ca: readFileSync(`${certificates}ca.pem`),
    cert: readFileSync(`${certificates}client.pem`),
    key: readFileSync(`${certificates}client.key`),
    servername: "localhost",
  });
  await login(client, "ann").reads(/PONG/);
  const [own] = asked[0]?.tls?.certificates ?? [];
  const file = new X509Certificate(readFileSync(`${certificates}client.pem`));
  expect(new X509Certificate(own ?? "").fingerprint256).toBe(file.fingerprint256);
  expect(asked[0]?.tls?.version).toBe("TLSv1.3");
});

test("GP-14, RL-01: the function stays through reloads, and is not made up", async () => {
  const authentication: AuthenticationHook = () => ({ account: "A" });
  const same = { workers: 1, accounts: [{ name: "A" }] };
  const server = await start({ authentication });
  const options = { pingMax: 5 };
  await server.reload(configurationOf({ ...same, authentication, options }));
  expect(await verdict(server, "ann")).toBe("PONG");
  await server.reload(configurationOf({ ...same, users: [{ user: "u" }] }));
  expect(await verdict(server, "ann")).toBe(REFUSED);
  const other = await start({ users: [{ user: "u", password: "p" }] });
  const refused = other.reload(configurationOf({ ...same, authentication }));
  await expect(refused).rejects.toThrow("no authentication function was handed over");
  expect(await verdict(other, "u", "p")).toBe("PONG");
});

test("GP-14: a module that cannot be loaded stops the start", async () => {
  const options = { authenticationModule: { name: "none.mjs", timeoutMs: 1, authUsers: [] } };
  await expect(start({ options })).rejects.toThrow(/authentication_module none.mjs: /);
});
