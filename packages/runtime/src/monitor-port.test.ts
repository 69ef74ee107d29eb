// The monitoring port for real: HTTP and HTTPS, logins, and everything that strangers may try. An
// echo core stands in for the broker.
import { createHash, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import net from "node:net";
import { compileAccounts } from "@weft/accounts";
import { LIMITS } from "@weft/base";
import { defaultOptions, type MonitoringOptions, type ServerOptions } from "@weft/config";
import { hashSync } from "bcryptjs";
import { afterEach, expect, test } from "vitest";
import { RunningServer } from "./running-server.ts";
import { RecordingLog, until } from "./testing/echo-server.ts";
import { testFile, tls } from "./testing/tls-options.ts";

const PLAIN: MonitoringOptions = { host: "127.0.0.1", port: 0, secure: false, basePath: "" };
const running: RunningServer[] = [];
const sockets: net.Socket[] = [];

interface Started {
  readonly server: RunningServer;
  readonly log: RecordingLog;
  readonly options: ServerOptions;
}

async function start(
  monitoring: Partial<MonitoringOptions> = {},
  change: Partial<ServerOptions> = {},
): Promise<Started> {
  const own = { host: "127.0.0.1", port: 0, workers: 1, monitoring: { ...PLAIN, ...monitoring } };
  const options = { ...defaultOptions(), ...own, ...change };
  const accounts = compileAccounts([]);
  if (!accounts.ok) throw new Error("the accounts do not compile");
  const log = new RecordingLog();
  const coreModule = new URL("./testing/echo-core.ts", import.meta.url).href;
  const server = new RunningServer({ options, accounts: accounts.snapshot, log, coreModule });
  running.push(server);
  await server.start();
  return { server, log, options };
}

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await Promise.all(running.splice(0).map((server) => server.close()));
});

interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly text: string;
}

interface Ask extends https.RequestOptions {
  readonly body?: string;
}

/** One request on a connection of its own. */
function ask({ server }: Started, path: string, options: Ask = {}): Promise<Answer> {
  const url = new URL(server.monitoringUrl ?? "");
  const { body, ...rest } = options;
  const client = url.protocol === "https:" ? https : http;
  return new Promise((resolve, reject) => {
    const place = { host: url.hostname, port: url.port, path, agent: false };
    const request = client.request({ ...place, ...rest }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (more: string) => {
        text += more;
      });
      response.on("end", () => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
      });
      response.on("error", reject);
    });
    request.on("error", reject);
    request.end(body);
  });
}

/** What comes back for these bytes until the server closes. */
function raw({ server }: Started, bytes: string): Promise<string> {
  const { port } = new URL(server.monitoringUrl ?? "");
  const socket = net.connect(Number(port), "127.0.0.1");
  sockets.push(socket);
  return new Promise((resolve) => {
    let text = "";
    socket.setEncoding("latin1").on("data", (more: string) => {
      text += more;
    });
    socket.on("error", () => undefined).on("close", () => resolve(text));
    socket.write(bytes, "latin1");
  });
}

test("MO-03: types, lengths and who may read", async () => {
  const started = await start();
  const varz = await ask(started, "/varz");
  expect(varz.status).toBe(200);
  expect(varz.headers).toMatchObject({
    "content-type": "application/json",
    "access-control-allow-origin": "*",
    "content-length": String(Buffer.byteLength(varz.text)),
  });
  const head = await ask(started, "/varz", { method: "HEAD" });
  expect(head).toMatchObject({ status: 200, text: "" });
  const { text, headers } = await ask(started, "/nothing");
  expect(text).toBe("404 page not found\n");
  expect(headers["x-content-type-options"]).toBe("nosniff");
});

test("MO-01, MO-05: counted by page; the base path is part of the address", async () => {
  const started = await start({ basePath: "/b" });
  for (const path of ["/b", "/b/varz", "/b/subscriptionsz", "/b/nope", "/varz"]) {
    await ask(started, path);
  }
  const varz = JSON.parse((await ask(started, "/b/varz")).text) as Record<string, unknown>;
  expect(varz["http_req_stats"]).toEqual({ "/": 1, "/subsz": 1, "/varz": 2 });
  const { port } = new URL(started.server.monitoringUrl ?? "");
  expect(varz).toMatchObject({ http_port: Number(port), https_port: 0, http_base_path: "/b" });
});

test("attack 20: methods, targets and headers that are no good", async () => {
  const started = await start();
  for (const method of ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH"]) {
    const { status, headers } = await ask(started, "/varz", { method });
    expect({ method, status, allow: headers.allow }).toEqual({
      method,
      status: 405,
      allow: "GET, HEAD",
    });
  }
  const statuses = async (bytes: string): Promise<string[]> =>
    [...(await raw(started, bytes)).matchAll(/^HTTP\/1\.1 (\d+)/gm)].map((found) => found[1] ?? "");
  const end = "\r\nHost: x\r\nConnection: close\r\n\r\n";
  expect(await statuses(`CONNECT other:80 HTTP/1.1${end}`)).toEqual(["405"]);
  expect(await statuses(`GET /../../etc/passwd HTTP/1.1${end}`)).toEqual(["404"]);
  expect(await statuses(`GET /%2e%2e/varz HTTP/1.1${end}`)).toEqual(["404"]);
  expect(await statuses(`GET /%zz HTTP/1.1${end}`)).toEqual(["400"]);
  expect(await statuses(`GET varz HTTP/1.1${end}`)).toEqual(["400"]);
  expect(await statuses(`GET http://evil/varz HTTP/1.1${end}`)).toEqual(["200"]);
  expect(await statuses("GET /varz HTTP/1.1\r\nConnection: close\r\n\r\n")).toEqual(["400"]);
  expect(await statuses(`GET /varz\u0000 HTTP/1.1${end}`)).toEqual(["400"]);
  const long = "x".repeat(10 * 1024 * 1024);
  expect(await statuses(`GET /varz?${long} HTTP/1.1${end}`)).toEqual(["431"]);
  expect(await statuses(`GET /connz?${"a=1&".repeat(1_000_000)} HTTP/1.1${end}`)).toEqual(["431"]);
  expect(await statuses(`GET /varz HTTP/1.1\r\nX: ${long}${end}`)).toEqual(["431"]);
  expect((await ask(started, "/varz")).status).toBe(200);
});

test("attack 20: who still sends while he is refused reads why", async () => {
  const { server } = await start();
  const { port } = new URL(server.monitoringUrl ?? "");
  const socket = net.connect(Number(port), "127.0.0.1").setEncoding("latin1").pause();
  sockets.push(socket);
  const errors: Error[] = [];
  socket.on("error", (error) => errors.push(error));
  const piece = "x".repeat(64 * 1024);
  const write = (text: string): Promise<void> => {
    return new Promise((resolve) => socket.write(text, () => resolve()));
  };
  await write(`GET /varz?${piece}`);
  for (let count = 0; count < 200; count += 1) await write(piece);
  let text = "";
  const ended = new Promise((resolve) => socket.on("close", resolve));
  socket.on("data", (more: string) => {
    text += more;
  });
  socket.resume().end();
  await ended;
  expect(text).toMatch(/^HTTP\/1\.1 431 /);
  expect(errors).toEqual([]);
});

test("attack 20: a body is not read, and ends the connection", async () => {
  const started = await start();
  const { status, headers } = await ask(started, "/varz", {
    headers: { "Content-Length": "5" },
    body: "hello",
  });
  expect({ status, connection: headers.connection }).toEqual({ status: 200, connection: "close" });
});

test("attack 20: headers that trickle end the connection, others go on", {
  timeout: 30_000,
}, async () => {
  const started = await start();
  const slow = raw(started, "GET /varz HTTP/1.1\r\nHost: x\r\nX-A: ");
  expect((await ask(started, "/varz")).status).toBe(200);
  expect(await slow).toContain("408");
});

test("attack 20: requests piled up on one connection close it", async () => {
  const started = await start();
  const one = "GET /varz HTTP/1.1\r\nHost: x\r\n\r\n";
  const text = await raw(started, one.repeat(LIMITS.monitorPipelinedMax * 20));
  const answers = text.match(/HTTP\/1\.1 200/g) ?? [];
  expect(answers.length).toBeLessThanOrEqual(LIMITS.monitorPipelinedMax);
  expect((await ask(started, "/varz")).status).toBe(200);
});

test("attack 20: connections are bounded, idle ones make room", async () => {
  const started = await start();
  const { port } = new URL(started.server.monitoringUrl ?? "");
  let closed = 0;
  for (let at = 0; at < LIMITS.monitorConnectionsMax + 50; at += 1) {
    const socket = net.connect(Number(port), "127.0.0.1");
    socket
      .on("error", () => undefined)
      .on("close", () => {
        closed += 1;
      });
    socket.write("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
    socket.resume();
    sockets.push(socket);
  }
  await until(() => closed >= 50);
  expect((await ask(started, "/varz")).status).toBe(200);
});

const HASH = hashSync("secret", 4);
const LOGIN = {
  users: [
    { user: "ann", password: "plain" },
    { user: "bob", password: HASH },
  ],
  tokens: ["the-token"],
  clientCertificate: false,
};

function basic(user: string, password: string): Ask {
  const encoded = Buffer.from(`${user}:${password}`).toString("base64");
  return { headers: { Authorization: `Basic ${encoded}` } };
}

test("login: asked for, then by password, hash or token; on every page", async () => {
  const started = await start({ login: LOGIN });
  for (const path of ["/", "/varz", "/healthz", "/metrics", "/nope"]) {
    const { status, headers } = await ask(started, path);
    expect(status).toBe(401);
    expect(headers["www-authenticate"]).toContain("Basic realm=");
  }
  const bearer = { headers: { Authorization: "Bearer the-token" } };
  for (const good of [basic("ann", "plain"), basic("bob", "secret"), bearer]) {
    expect((await ask(started, "/varz", good)).status).toBe(200);
  }
  // The second time the hash is not compared, and a wrong password still is.
  expect((await ask(started, "/varz", basic("bob", "secret"))).status).toBe(200);
  for (const bad of [basic("bob", "other"), basic("ann", ""), basic("eve", "plain")]) {
    expect((await ask(started, "/varz", bad)).status).toBe(401);
  }
  expect(started.log.lines.join("\n")).toContain("passwords and tokens travel in clear");
  expect(started.log.lines.join("\n")).not.toContain("the-token");
});

test("attacks 30, 64: who guesses has to wait, whatever it shows then", async () => {
  const started = await start({ login: LOGIN });
  for (let at = 0; at < LIMITS.monitorLoginFailuresMax; at += 1) {
    expect((await ask(started, "/varz", basic("ann", `guess ${at}`))).status).toBe(401);
  }
  const { status, headers } = await ask(started, "/varz", basic("ann", "plain"));
  expect(status).toBe(429);
  expect(Number(headers["retry-after"])).toBeGreaterThan(50);
});

test("attack 30: a flood of hashes is refused beyond a few at a time", async () => {
  const login = { ...LOGIN, users: [{ user: "bob", password: hashSync("secret", 10) }] };
  const started = await start({ login });
  const flood = Array.from({ length: 40 }, () => ask(started, "/varz", basic("bob", "wrong")));
  const statuses = (await Promise.all(flood)).map(({ status }) => status);
  expect(statuses).toContain(503);
  expect(statuses.filter((status) => status === 401).length).toBeLessThanOrEqual(
    LIMITS.monitorLoginFailuresMax + 4,
  );
});

const AUTHORITY = readFileSync(testFile("ca.pem"));
const CLIENT = {
  cert: readFileSync(testFile("client.pem")),
  key: readFileSync(testFile("client.key")),
};

test("MO-01, TL-23: HTTPS with the certificate of the tls block; nobody is asked for one", async () => {
  const started = await start({ secure: true }, { tls: tls({ verify: true }) });
  const { status, text } = await ask(started, "/varz", { ca: AUTHORITY, servername: "localhost" });
  expect(status).toBe(200);
  const { port } = new URL(started.server.monitoringUrl ?? "");
  const varz = JSON.parse(text) as Record<string, unknown>;
  expect(varz).toMatchObject({ http_port: 0, https_port: Number(port), tls_verify: true });
  expect(Date.parse(String(varz["tls_cert_not_after"]))).toBeGreaterThan(Date.now());
});

test("MO-01: HTTPS without a certificate does not start", async () => {
  await expect(start({ secure: true })).rejects.toThrow("TLS cert and key required for HTTPS");
});

test("login by client certificate", async () => {
  const login = { users: [], tokens: [], clientCertificate: true };
  const started = await start({ secure: true, login }, { tls: tls() });
  const trusting = { ca: AUTHORITY, servername: "localhost" };
  expect((await ask(started, "/varz", trusting)).status).toBe(401);
  expect((await ask(started, "/varz", { ...trusting, ...CLIENT })).status).toBe(200);
});

test("TL-13: a certificate that is not pinned is no login, where there are pinned ones", async () => {
  const login = { users: [], tokens: [], clientCertificate: true };
  const { publicKey } = new X509Certificate(CLIENT.cert);
  const own = createHash("sha256").update(publicKey.export({ type: "spki", format: "der" }));
  const trusting = { ca: AUTHORITY, servername: "localhost", ...CLIENT };
  for (const [pinned, status] of [
    ["0".repeat(64), 401],
    [own.digest("hex"), 200],
  ] as const) {
    const started = await start({ secure: true, login }, { tls: tls({ pinnedCerts: [pinned] }) });
    expect((await ask(started, "/varz", trusting)).status).toBe(status);
  }
});

test("a port that is taken is said in the reference's words", async () => {
  const started = await start();
  const { port } = new URL(started.server.monitoringUrl ?? "");
  await expect(start({ port: Number(port) })).rejects.toThrow("can't listen to the monitor port: ");
});

test("MO-06: 503 while the server ends", async () => {
  const started = await start();
  const agent = new http.Agent({ keepAlive: true });
  await ask(started, "/varz", { agent });
  const ending = started.server.close();
  const { status, headers } = await ask(started, "/varz", { agent });
  expect({ status, connection: headers.connection }).toEqual({ status: 503, connection: "close" });
  await ending;
  expect(started.server.monitoringUrl).toBeUndefined();
  agent.destroy();
});

test("MO-31: not healthy in lame duck mode", async () => {
  const started = await start({}, { lameDuckGraceMs: 60_000 });
  expect((await ask(started, "/healthz")).text).toBe('{"status":"ok"}');
  void started.server.enterLameDuck();
  const { status, text } = await ask(started, "/healthz");
  expect(status).toBe(500);
  expect(text).toContain("failed to be ready for connections");
});
