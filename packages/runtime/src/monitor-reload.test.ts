// What a reload makes of the monitoring port: all or nothing (RL-12). An echo core stands in for the
// broker.
import net from "node:net";
import { compileAccounts } from "@weft/accounts";
import { defaultOptions, type MonitoringOptions, type ServerOptions } from "@weft/config";
import { afterEach, expect, test } from "vitest";
import { MonitorService } from "./monitor-service.ts";
import { RunningServer } from "./running-server.ts";
import { RecordingLog, until } from "./testing/echo-server.ts";

const PLAIN: MonitoringOptions = { host: "127.0.0.1", port: 0, secure: false, basePath: "" };
const LOGIN = { users: [], tokens: ["the-token"], clientCertificate: false };
const CANNOT_LISTEN = "can't listen to the monitor port: ";
const running: { close(): Promise<void> }[] = [];

const compiled = compileAccounts([]);
if (!compiled.ok) throw new Error("the accounts do not compile");
const accounts = compiled.snapshot;

interface Started {
  readonly server: RunningServer;
  readonly log: RecordingLog;
  readonly options: ServerOptions;
}

async function start(): Promise<Started> {
  const own = { host: "127.0.0.1", port: 0, workers: 1, monitoring: PLAIN };
  const options: ServerOptions = { ...defaultOptions(), ...own };
  const log = new RecordingLog();
  const coreModule = new URL("./testing/echo-core.ts", import.meta.url).href;
  const server = new RunningServer({ options, accounts, log, coreModule });
  running.push(server);
  await server.start();
  return { server, log, options };
}

/** A listener of its own, whose certificates come when `loadTls` says so. */
async function startService(
  { server, options, log }: Started,
  rules: MonitoringOptions,
  loadTls: () => Promise<undefined> = () => Promise.resolve(undefined),
): Promise<MonitorService> {
  const { facts, sources, turns } = await server.monitor();
  const hashes = { compare: () => Promise.resolve(false) };
  const service = new MonitorService({ facts, sources, turns, hashes, log, loadTls });
  await service.start({ ...options, monitoring: rules });
  running.push(service);
  return service;
}

async function statusOf(base: string | undefined, path = "/varz"): Promise<number> {
  const answer = await fetch(`${base}${path}`, {
    redirect: "error",
    headers: { Connection: "close" },
  });
  await answer.text();
  return answer.status;
}

/** A port that somebody else has. */
async function takenPort(): Promise<number> {
  const taken = net.createServer().listen(0, "127.0.0.1");
  await until(() => taken.listening);
  running.push({ close: () => new Promise((resolve) => taken.close(() => resolve())) });
  return (taken.address() as net.AddressInfo).port;
}

afterEach(async () => {
  for (const one of running.splice(0).reverse()) await one.close();
});

test("a reload takes logins at once, and moves the listener only where it has to", async () => {
  const { server, options } = await start();
  const monitor = await server.monitor();
  const before = server.monitoringUrl;
  const update = async (monitoring: MonitoringOptions | undefined): Promise<void> => {
    const next = { ...options, monitoring };
    (await monitor.service.prepare(next)).commit();
    await monitor.follow(next, accounts, "sha256:2");
  };
  await update({ ...PLAIN, login: LOGIN });
  expect(server.monitoringUrl).toBe(before);
  expect(await statusOf(before)).toBe(401);
  await update({ ...PLAIN, host: "localhost" });
  expect(server.monitoringUrl).not.toBe(before);
  const varz = await (await fetch(`${server.monitoringUrl}/varz`)).json();
  const { port } = new URL(server.monitoringUrl ?? "");
  const moved = { http_host: "localhost", http_port: Number(port), config_digest: "sha256:2" };
  expect(varz).toMatchObject(moved);
  await expect(update({ ...PLAIN, port: await takenPort() })).rejects.toThrow(CANNOT_LISTEN);
  expect(await statusOf(server.monitoringUrl)).toBe(200);
  await update(undefined);
  expect(server.monitoringUrl).toBeUndefined();
});

test("RL-12: while a reload moves the port, each listener has its own rules", async () => {
  const started = await start();
  let isAsked = false;
  let load: (tls: undefined) => void = () => undefined;
  const loadTls = (): Promise<undefined> =>
    new Promise((resolve) => {
      isAsked = true;
      load = resolve;
    });
  const service = await startService(started, PLAIN, loadTls);
  const both = async (): Promise<number[]> => [
    await statusOf(service.url),
    await statusOf(service.url, "/moved/varz"),
  ];
  const moved = { ...PLAIN, secure: true, basePath: "/moved", login: LOGIN };
  const update = service.prepare({ ...started.options, monitoring: moved });
  await until(() => isAsked);
  expect(await both()).toEqual([200, 404]);
  load(undefined);
  // There is no certificate: the old one goes on.
  await expect(update).rejects.toThrow("TLS cert and key required for HTTPS");
  expect(await both()).toEqual([200, 404]);
  const rules = { ...PLAIN, basePath: "/moved" };
  const next = await service.prepare({ ...started.options, monitoring: rules });
  expect(await both()).toEqual([200, 404]);
  next.commit();
  expect(await both()).toEqual([404, 200]);
});

test("RL-12: the end of the server leaves no listener of a reload that was under way", async () => {
  const started = await start();
  const port = await takenPort();
  await running.pop()?.close();
  const isFree = (): Promise<void> =>
    expect(fetch(`http://127.0.0.1:${port}/varz`)).rejects.toThrow("fetch failed");
  const prepare = (service: MonitorService, secure: boolean) =>
    service.prepare({
      ...started.options,
      monitoring: { ...PLAIN, secure, port, host: "0.0.0.0" },
    });
  const own = { ...PLAIN, port };
  const whileListening = await startService(started, own);
  const listening = prepare(whileListening, false);
  await Promise.all([whileListening.close(), expect(listening).rejects.toThrow("shutting down")]);
  await isFree();
  const afterIt = await startService(started, own);
  const prepared = await prepare(afterIt, false);
  await afterIt.close();
  await isFree();
  await prepared.abandon?.();
  await isFree();
  const gate = Promise.withResolvers<undefined>();
  const whileLoading = await startService(started, own, () => gate.promise);
  const loading = prepare(whileLoading, true);
  await whileLoading.close();
  gate.resolve(undefined);
  await expect(loading).rejects.toThrow("Server is shutting down");
  await isFree();
});

test("RL-12: a listener on the same port comes back where the reload is refused", async () => {
  const started = await start();
  const { options, log } = started;
  const port = await takenPort();
  await running.pop()?.close();
  const service = await startService(started, { ...PLAIN, port });
  const { url } = service;
  const prepare = (rules: MonitoringOptions) =>
    service.prepare({ ...options, monitoring: { ...rules, port } });
  // An address that is nobody's (RFC 5737), and no certificate.
  await expect(prepare({ ...PLAIN, host: "192.0.2.1" })).rejects.toThrow(CANNOT_LISTEN);
  expect([service.url, await statusOf(url)]).toEqual([url, 200]);
  await expect(prepare({ ...PLAIN, secure: true })).rejects.toThrow("TLS cert and key required");
  expect([service.url, await statusOf(url)]).toEqual([url, 200]);
  // Another part of the reload fails.
  const prepared = await prepare({ ...PLAIN, host: "0.0.0.0", basePath: "/moved" });
  // Nothing is shown by rules that may yet be refused.
  expect([await statusOf(url), await statusOf(url, "/moved/varz")]).toEqual([503, 503]);
  await prepared.abandon?.();
  expect([service.url, await statusOf(url), await statusOf(url, "/moved/varz")]).toEqual([
    url,
    200,
    404,
  ]);
  const again = await prepare({ ...PLAIN, host: "0.0.0.0", basePath: "/again" });
  await again.abandon?.();
  expect([await statusOf(url), await statusOf(url, "/moved/varz")]).toEqual([200, 404]);
  (await prepare({ ...PLAIN, host: "0.0.0.0", basePath: "/moved" })).commit();
  expect([await statusOf(url), await statusOf(url, "/moved/varz")]).toEqual([404, 200]);
  expect(log.lines.join("\n")).not.toContain("Monitoring is gone");
});
