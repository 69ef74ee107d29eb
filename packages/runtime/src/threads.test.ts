// The threads of a server for real: placement, transfer, turns, messages to control, and every way
// to end. A tiny echo core stands in for the broker.
import { readFileSync } from "node:fs";
import { defaultOptions } from "@weft/config";
import { hashSync } from "bcryptjs";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { EchoClient, type EchoServer, startEcho, until } from "./testing/echo-server.ts";

const running: EchoServer[] = [];
const clients: EchoClient[] = [];

async function start(change: Parameters<typeof startEcho>[0] = {}): Promise<EchoServer> {
  const started = await startEcho(change);
  running.push(started);
  return started;
}

function connect({ server }: EchoServer): EchoClient {
  const client = new EchoClient(server.port);
  clients.push(client);
  return client;
}

/** For tests that leave their server as it was. */
let shared: EchoServer;
beforeAll(async () => {
  shared = await startEcho({ workers: 2 });
});
afterAll(() => shared.server.close());

afterEach(async () => {
  for (const client of clients.splice(0)) client.socket.destroy();
  await Promise.all(running.splice(0).map(({ server }) => server.close()));
});

test("sockets go to the least loaded worker and are served there", async () => {
  const started = await start({ workers: 3 });
  const threads: string[] = [];
  const opened: EchoClient[] = [];
  for (let index = 0; index < 6; index += 1) {
    const client = connect(started);
    opened.push(client);
    threads.push((await client.reads(/hello from (\d)/))[1]!);
  }
  expect([...threads].sort()).toEqual(["1", "1", "2", "2", "3", "3"]);
  for (const [index, client] of opened.entries()) {
    if (threads[index] === threads[1]) client.socket.destroy();
  }
  await until(() => started.server.counters().connections === 4);
  const next = [connect(started), connect(started)];
  for (const client of next) {
    expect((await client.reads(/hello from (\d)/))[1]).toBe(threads[1]);
  }
  expect(started.server.counters().connectionsTotal).toBe(8);
});

test("bytes come back, in order, whatever their number", async () => {
  const started = shared;
  const client = connect(started);
  await client.reads(/hello/);
  const before = started.server.counters().inBytes;
  const sent = "0123456789abcdef".repeat(100_000);
  client.socket.write(sent);
  await until(() => client.text.length >= sent.length);
  expect(client.text.endsWith(sent)).toBe(true);
  expect(started.server.counters().inBytes - before).toBe(sent.length);
});

test("the port that was bound is in what workers were given", async () => {
  const started = shared;
  const client = connect(started);
  expect((await client.reads(/of (\d+)\n/))[1]).toBe(String(started.server.port));
});

test("a control frame wakes a sleeping worker", async () => {
  const started = shared;
  const one = connect(started);
  const first = (await one.reads(/hello from (\d)/))[1]!;
  const two = connect(started);
  const second = (await two.reads(/hello from (\d)/))[1]!;
  one.socket.write(`ring ${second}`);
  await two.reads(new RegExp(`ring from ${first}`));
});

test("the core's timer ends in a flush", async () => {
  const started = shared;
  const client = connect(started);
  client.socket.write("timer 5");
  await client.reads(/timer\n/);
});

test("CP-15 CP-110: connections above the limit are told so, and room that is made is used", async () => {
  const limits = { ...defaultOptions().limits, maxConnections: 2 };
  const started = await start({ workers: 2, limits });
  const [one, two] = [connect(started), connect(started)];
  await one.reads(/hello/);
  await two.reads(/hello/);
  const three = connect(started);
  await until(() => three.closed);
  expect(three.text).toMatch(/^INFO \{.*\}\r\n-ERR 'maximum connections exceeded'\r\n$/);
  await until(() => started.server.closedConnections().length > 0);
  expect(started.server.closedConnections()).toMatchObject([
    { reason: "Maximum Connections Exceeded", clientId: 3, address: "127.0.0.1", account: "" },
  ]);
  one.socket.destroy();
  await until(() => started.server.counters().connections === 1);
  // The acceptor hears of the room a moment after the counters.
  let four = connect(started);
  await until(() => {
    if (four.closed) four = connect(started);
    return /hello/.test(four.text);
  });
});

test("AN-08: bcrypt runs in the pool and answers its ticket", async () => {
  const started = shared;
  const client = connect(started);
  await client.reads(/hello/);
  const stored = hashSync("secret", 4);
  client.socket.write(`hash ${stored} secret`);
  await client.reads(/hash \d+ true\n/);
  client.socket.write(`hash ${stored} wrong`);
  await client.reads(/hash \d+ false\n/);
});

test("LG-13: a flood of log lines is bounded, and what was left out is counted", async () => {
  const started = shared;
  const client = connect(started);
  client.socket.write("log");
  const dropped = (): RegExpExecArray | null =>
    /(\d+) other log lines of this thread left out/.exec(started.log.lines.join("\n"));
  await until(() => dropped() !== null);
  const written = started.log.lines.filter((line) => line.startsWith("info line ")).length;
  expect(written + Number(dropped()![1])).toBe(5_000);
  expect(written).toBeGreaterThan(100);
});

test("CP-110: finished connections are remembered", async () => {
  const client = connect(shared);
  await client.reads(/hello/);
  const port = client.socket.localPort;
  client.socket.destroy();
  await until(() => shared.server.closedConnections().some((record) => record.port === port));
  const record = shared.server.closedConnections().find((one) => one.port === port);
  expect(record).toMatchObject({ account: "$G", address: "127.0.0.1" });
});

test("F27: a throw in a session closes its connection only", async () => {
  const started = shared;
  const [victim, bystander] = [connect(started), connect(started)];
  await bystander.reads(/hello/);
  victim.socket.write("throw");
  await until(() => victim.closed);
  bystander.socket.write("still here");
  await bystander.reads(/still here/);
  expect(started.server.counters().connectionFaults).toBe(1);
  await until(() => started.log.lines.some((line) => /error .*thrown on demand/.test(line)));
});

test("F27: a failed assert ends the server: one fatal line, clients closed, host alive", async () => {
  const started = await start({ workers: 2 });
  const [one, two] = [connect(started), connect(started)];
  await one.reads(/hello/);
  await two.reads(/hello/);
  one.socket.write("assert");
  await expect(started.server.closed).rejects.toThrow(/worker \d died: .*failed on demand/s);
  await until(() => one.closed && two.closed);
  const fatal = started.log.lines.filter((line) => line.startsWith("fatal "));
  expect(fatal).toHaveLength(1);
  expect(fatal[0]).toMatch(/worker \d died/);
  await started.server.close();
});

test("close ends every connection and thread, and a second close is no error", async () => {
  const started = await start({ workers: 2 });
  const client = connect(started);
  await client.reads(/hello/);
  await Promise.all([started.server.close(), started.server.close()]);
  await until(() => client.closed);
  await started.server.closed;
  expect(started.log.closed).toBe(true);
  const late = connect(started);
  await until(() => late.closed);
  expect(late.text).toBe("");
});

test("CP-108: a lame duck tells its clients, refuses new ones and ends by itself", async () => {
  const started = await start({ workers: 2, lameDuckGraceMs: 50, lameDuckDurationMs: 400 });
  const [one, two] = [connect(started), connect(started)];
  await one.reads(/hello/);
  await two.reads(/hello/);
  const ended = started.server.enterLameDuck();
  await one.reads(/lame duck\n/);
  await two.reads(/lame duck\n/);
  expect(started.server.inLameDuck).toBe(true);
  const late = connect(started);
  await until(() => late.closed);
  expect(late.text).toBe("");
  await ended;
  await until(() => one.closed && two.closed);
});

test("a port in use is an error of the start, which leaves nothing behind", async () => {
  const started = await start();
  await expect(startEcho({ port: started.server.port })).rejects.toThrow("EADDRINUSE");
});

test("TLS material that is not usable is an error of the start", async () => {
  const { tls } = await import("./testing/tls-options.ts");
  await expect(startEcho({ tls: tls({ keyFile: "client.key" }) })).rejects.toThrow();
  await expect(startEcho({ tls: tls({ certFile: "missing.pem" }) })).rejects.toThrow(
    /^error parsing X509 certificate\/key pair: open .*missing\.pem: no such file or directory$/,
  );
});

test("OT-02: the ports file is there while the server runs", async () => {
  const folder = process.env["TMPDIR"] ?? "/tmp";
  const file = `${folder}/weft_${process.pid}.ports`;
  const started = await start({ portsFileDir: folder });
  const nats = [`nats://127.0.0.1:${started.server.port}`];
  expect(JSON.parse(readFileSync(file, "utf8"))).toEqual({ nats });
  await started.server.close();
  expect(() => readFileSync(file)).toThrow("ENOENT");
});
