// Accounts from a web server: answers, silence, floods of bytes, certificates, and an endpoint that is
// down (AC-81).
import { readFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import type { AddressInfo } from "node:net";
import { createServer, type Server } from "node:net";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { afterEach, describe, expect, onTestFinished, test } from "vitest";
import { AccountSource } from "./account-source.ts";
import { accountJwt, signedReader, testKey } from "./testing/signed-claims.ts";
import { UrlFetcher } from "./url-fetcher.ts";

const A = testKey("account", 30);
const TEXT = accountJwt(A);
const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) {
    if (server instanceof http.Server) server.closeAllConnections();
    server.close();
  }
});

async function listen(server: Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

/** A server with one account; other paths are 404. */
async function endpoint(asked: string[] = []): Promise<string> {
  const port = await listen(
    http.createServer((request, response) => {
      asked.push(request.url ?? "");
      if (request.url === "/jwt/") response.end("here");
      else if (request.url === `/jwt/${A.publicKey}`) response.end(`${TEXT}\n`);
      else if (request.url?.endsWith("moved")) response.writeHead(302, { location: "/jwt/" }).end();
      else if (request.url?.endsWith("loop")) response.writeHead(301, { location: "loop" }).end();
      else if (request.url?.endsWith("broken")) response.writeHead(500).end();
      else if (request.url?.endsWith("long")) response.end(Buffer.alloc(1_500_000));
      else response.writeHead(404).end();
    }),
  );
  return `http://127.0.0.1:${port}/jwt/`;
}

const never = (): AbortSignal => new AbortController().signal;
const testdata = (name: string): Buffer =>
  readFileSync(new URL(`../../net/testdata/${name}`, import.meta.url));

describe("AC-81: GET of base and key", () => {
  test("the JWT, 404, other states, redirects and too many bytes", async () => {
    const url = await endpoint();
    const fetcher = new UrlFetcher({ url, timeoutMs: 2_000 });
    const fetch = (key: string) => fetcher.fetch(key, never());
    expect(await fetcher.check()).toBeUndefined();
    expect(await fetch(A.publicKey)).toEqual({ kind: "found", text: TEXT });
    expect(await fetch("none")).toEqual({
      kind: "absent",
      error: `could not fetch <"${url}none">: 404 Not Found`,
    });
    expect(await fetch("broken")).toMatchObject({ kind: "unavailable" });
    expect(await fetch("moved")).toEqual({ kind: "found", text: "here" });
    expect(await fetch("loop")).toMatchObject({
      error: expect.stringContaining("too many redirects"),
    });
    expect(await fetch("long")).toMatchObject({
      error: expect.stringContaining("more than 1000000 bytes"),
    });
    fetcher.close();
  });

  test("an endpoint that is down is named, its password is not", async () => {
    const port = await listen(createServer());
    servers.pop()?.close();
    const url = `http://user:secret@127.0.0.1:${port}/jwt/`;
    const fetcher = new UrlFetcher({ url, timeoutMs: 2_000 });
    const error = await fetcher.check();
    expect(error).toContain(`could not fetch <"http://user:xxxxx@127.0.0.1:${port}/jwt/">`);
    expect(error).toContain("ECONNREFUSED");
    expect(error).not.toContain("secret");
  });

  test("an endpoint that says nothing takes no longer than the limit", async () => {
    const port = await listen(createServer());
    const fetcher = new UrlFetcher({ url: `http://127.0.0.1:${port}/`, timeoutMs: 150 });
    const startMs = performance.now();
    expect(await fetcher.fetch("x", never())).toEqual({ kind: "timeout" });
    expect(performance.now() - startMs).toBeLessThan(3_000);
    expect(await fetcher.check()).toContain("timed out");
  });

  test("who does not wait any more ends the request", async () => {
    const port = await listen(createServer());
    const fetcher = new UrlFetcher({ url: `http://127.0.0.1:${port}/`, timeoutMs: 5_000 });
    const abort = new AbortController();
    const answer = fetcher.fetch("x", abort.signal);
    abort.abort();
    expect(await answer).toEqual({ kind: "stopped" });
  });
});

describe("AC-81, TL-01: resolver_tls", () => {
  test("only with the right authority, and with a client certificate where it is asked for", async () => {
    const ca = testdata("ca.pem");
    const server = https.createServer(
      {
        key: testdata("server.key"),
        cert: testdata("server.pem"),
        ca,
        requestCert: true,
        rejectUnauthorized: true,
      },
      (_request, response) => response.end(TEXT),
    );
    const port = await listen(server);
    const url = `https://localhost:${port}/`;
    const client = { cert: testdata("client.pem"), key: testdata("client.key") };
    const ask = (tls: object) =>
      new UrlFetcher({ url, timeoutMs: 5_000, tls }).fetch(A.publicKey, never());
    expect(await ask({ ca, ...client })).toEqual({ kind: "found", text: TEXT });
    expect(await ask({ insecure: true, ...client })).toMatchObject({ kind: "found" });
    expect(await ask({ ...client })).toMatchObject({ kind: "unavailable" });
    expect(await ask({ ca })).toMatchObject({ kind: "unavailable" });
    expect(await ask({ ca: () => [String(ca)], ...client })).toMatchObject({ kind: "found" });
    // No list is not the list of Node, in which this authority stands for a moment.
    const before = getCACertificates("default");
    onTestFinished(() => setDefaultCACertificates(before));
    setDefaultCACertificates([ca]);
    expect(await ask({ ...client })).toMatchObject({ kind: "found" });
    const error = expect.stringMatching(/self-signed certificate in certificate chain/);
    expect(await ask({ ca: () => [], ...client })).toEqual({ kind: "unavailable", error });
  });

  test("https never leads to http", async () => {
    const plain = await endpoint();
    const server = https.createServer(
      { key: testdata("server.key"), cert: testdata("server.pem") },
      (_request, response) => response.writeHead(302, { location: `${plain}${A.publicKey}` }).end(),
    );
    const port = await listen(server);
    const url = `https://localhost:${port}/`;
    const fetcher = new UrlFetcher({ url, timeoutMs: 5_000, tls: { ca: testdata("ca.pem") } });
    expect(await fetcher.fetch("x", never())).toMatchObject({ kind: "unavailable" });
  });
});

describe("AC-81: logins", () => {
  test("a hundred at a time are one request; the endpoint goes away and they go on", async () => {
    const asked: string[] = [];
    const url = await endpoint(asked);
    const fetcher = new UrlFetcher({ url, timeoutMs: 1_000 });
    let nowMs = 0;
    const source = new AccountSource(
      {
        reader: signedReader,
        now: () => ({ monotonicMs: nowMs, unixMs: Date.now() }),
        url: fetcher,
      },
      { hasDirectory: false, remote: "url", timeoutMs: 1_000 },
    );
    const find = () => source.find(A.publicKey);
    const answers = await Promise.all(Array.from({ length: 100 }, find));
    expect(new Set(answers.map((answer) => answer.ok && answer.text))).toEqual(new Set([TEXT]));
    expect(asked).toEqual([`/jwt/${A.publicKey}`]);
    const [server] = servers.splice(0);
    (server as http.Server).closeAllConnections();
    server?.close();
    nowMs += 61_000;
    expect(await find()).toEqual({ ok: true, text: TEXT });
    expect(await source.find(testKey("account", 31).publicKey)).toMatchObject({
      ok: false,
      failure: "unavailable",
      error: expect.stringContaining("could not fetch"),
    });
    source.stop();
    expect(await find()).toMatchObject({ failure: "stopped" });
  });
});
