// The listener of the monitoring port for real, with a handler that says one word. One address tries to
// keep another out.
import { once } from "node:events";
import { readFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import net from "node:net";
import { connect as connectSecurely, type TLSSocket } from "node:tls";
import { LIMITS } from "@weft/base";
import type { TlsOptions } from "@weft/config";
import type { TlsContextOptions } from "@weft/net";
import { describe, expect, onTestFinished, test } from "vitest";
import { MonitorListener, type RequestHandler } from "./monitor-listener.ts";
import { testFile, tls } from "./testing/tls-options.ts";
import { loadTlsMaterial } from "./tls-material.ts";

const AUTHORITY = readFileSync(testFile("ca.pem"));
const CROWD_ADDRESS = "127.0.0.2";
const TUNNEL = "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n";

function materialOf(options: TlsOptions): TlsContextOptions {
  const material = loadTlsMaterial(options, "monitor");
  if (material === undefined) throw new Error("there is no certificate");
  return material;
}

async function started(
  secure: boolean,
  onRequest: RequestHandler = (_request, response) => response.end("here"),
): Promise<MonitorListener> {
  const options = { host: "127.0.0.1", port: 0, secure, basePath: "" };
  const listener = new MonitorListener(options, secure ? materialOf(tls()) : undefined, onRequest);
  await listener.listen();
  onTestFinished(() => listener.close());
  return listener;
}

/** A connection of its own that sends `text`, and waits. */
function open({ port }: MonitorListener, text: string): void {
  const place = { port, host: "127.0.0.1", localAddress: CROWD_ADDRESS };
  const socket = net.connect(place).on("error", () => undefined);
  socket.write(text);
  socket.resume();
  onTestFinished(() => void socket.destroy());
}

/** The answer to a request on a connection of its own. */
function ask({ port }: MonitorListener, secure: boolean, localAddress: string): Promise<string> {
  const trusting = { ca: AUTHORITY, servername: "localhost" };
  const options = { ...trusting, port, host: "127.0.0.1", localAddress, agent: false };
  return new Promise((resolve, reject) => {
    const request = (secure ? https : http).get(options, (response) => {
      response.setEncoding("utf8").once("data", resolve);
    });
    request.on("error", reject);
  });
}

/** A connection that stays open on this side until the test is over, whatever is said to it. */
function holding(
  { port }: MonitorListener,
  secure: boolean,
  localAddress = "127.0.0.1",
): { socket: net.Socket; raw: net.Socket } {
  const place = { port, host: "127.0.0.1", localAddress, allowHalfOpen: true };
  const trusting = { ca: AUTHORITY, servername: "localhost" };
  const raw = net.connect(place).on("error", () => undefined);
  const socket = secure ? connectSecurely({ ...trusting, socket: raw }) : raw;
  onTestFinished(() => void raw.destroy());
  return { socket: socket.setEncoding("latin1").on("error", () => undefined), raw };
}

/** What comes first. */
async function said(socket: net.Socket, text: string): Promise<string> {
  socket.write(text);
  const [first] = (await once(socket, "data")) as [string];
  return first.split("\r\n")[0] ?? "";
}

test("a client's certificate is judged again where the authorities are others", async () => {
  const gate = Promise.withResolvers<void>();
  const judged: boolean[] = [];
  const listener = await started(true, async ({ socket, url }, response) => {
    if (url === "/slow") await gate.promise;
    judged.push(listener.isJudged(socket));
    response.end("here");
  });
  const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;
  const idle = holding(listener, true);
  const busy = holding(listener, true);
  await Promise.all([said(idle.socket, get("/")), said(busy.socket, get("/"))]);
  const slow = said(busy.socket, get("/slow"));
  const material = materialOf(tls());
  listener.renew(material, false);
  expect(await said(idle.socket, get("/"))).toMatch(/ 200 /);
  const closed = Promise.race([once(idle.socket, "end"), once(idle.socket, "close")]);
  listener.renew(material, true);
  await closed;
  gate.resolve();
  await slow;
  await said(busy.socket, get("/"));
  expect(await ask(listener, true, "127.0.0.1")).toBe("here");
  expect(judged).toEqual([true, true, true, false, false, true]);
});

test("TL-03: a certificate that a reload took out is gone, and its authority with it", async () => {
  const authorized: boolean[] = [];
  const material = materialOf(tls());
  const [named] = material.certificates;
  const certificate = readFileSync(testFile("client.pem"), "utf8");
  const first = { certificate, key: readFileSync(testFile("client.key"), "utf8") };
  const login = { users: [], tokens: [], clientCertificate: true };
  const options = { host: "127.0.0.1", port: 0, secure: true, basePath: "", login };
  const both = named === undefined ? [first] : [first, named];
  const listener = new MonitorListener(
    options,
    { ...material, certificates: both },
    ({ socket }, response) => {
      authorized.push((socket as TLSSocket).authorized);
      response.end("here");
    },
  );
  await listener.listen();
  onTestFinished(() => listener.close());
  /** Name of the certificate that is shown to who asks for `servername`. */
  const shown = async (servername: string): Promise<string> => {
    const place = { host: "127.0.0.1", port: listener.port, servername, agent: false };
    const showing = { cert: first.certificate, key: first.key, rejectUnauthorized: false };
    const request = https.get({ ...place, ...showing });
    const [answer] = (await once(request, "response")) as [http.IncomingMessage];
    const { subject } = (answer.socket as TLSSocket).getPeerCertificate();
    answer.resume();
    return String(subject.CN);
  };
  const names = [await shown("localhost"), await shown("elsewhere")];
  expect(new Set(names).size).toBe(2);
  const authorities = readFileSync(testFile("other-ca.pem"), "utf8");
  listener.renew({ ...material, authorities, certificates: [first] }, true);
  expect([await shown("localhost"), await shown("elsewhere")]).toEqual([names[1], names[1]]);
  expect(authorized).toEqual([true, true, false, false]);
});

/** Linux has all addresses of 127.0.0.0/8 without being asked. */
const onLinux = process.platform === "linux" ? test : test.skip;

onLinux.each([
  // Who is in the middle of his request, or of TLS, makes no room for others by himself.
  ["http", "GET /varz HTTP/1.1\r\nHost: x\r\n"],
  ["https", ""],
])("attack 20: one address leaves room for others, and asks on: %s", async (scheme, text) => {
  const secure = scheme === "https";
  const listener = await started(secure);
  for (let opened = 0; opened <= LIMITS.monitorConnectionsMax + 8; opened += 4) {
    for (let more = 0; more < 4; more += 1) open(listener, text);
    expect(await ask(listener, secure, "127.0.0.1")).toBe("here");
  }
  expect(await ask(listener, secure, CROWD_ADDRESS)).toBe("here");
});

describe.each(["http", "https"])("attack 20: who asks for something else: %s", (scheme) => {
  const secure = scheme === "https";
  const of = (more: string): string => `GET / HTTP/1.1\r\nHost: a\r\n${more}\r\n\r\n`;

  test.each([
    ["a tunnel", TUNNEL, "HTTP/1.1 405 Method Not Allowed"],
    ["a tunnel behind a page", `${of("X: y")}${TUNNEL}`, "HTTP/1.1 200 OK"],
    ["another protocol", of("Connection: Upgrade\r\nUpgrade: websocket"), "HTTP/1.1 200 OK"],
    ["to go on", of("Expect: 100-continue"), "HTTP/1.1 100 Continue"],
    ["what there is not", of("Expect: miracles"), "HTTP/1.1 417 Expectation Failed"],
    ["nothing at all", "\r\n\0\r\n", "HTTP/1.1 400 Bad Request"],
  ])("%s, and is gone: the server is not", async (_what, text, answer) => {
    const listener = await started(secure);
    const { socket, raw } = holding(listener, secure);
    expect(await said(socket, text)).toBe(answer);
    raw.resetAndDestroy();
    await once(raw, "close");
    for (let again = 0; again < 3; again += 1) {
      expect(await ask(listener, secure, "127.0.0.1")).toBe("here");
    }
  });

  test("TLS, and is gone before it is there", async () => {
    const listener = await started(secure);
    for (const text of ["", "\x16\x03\x01\x02\x00\x01", "GET / HTTP/1.1\r\n"]) {
      const { raw } = holding(listener, false);
      await once(raw, "connect");
      raw.write(text, "latin1");
      expect(await ask(listener, secure, "127.0.0.1")).toBe("here");
      raw.resetAndDestroy();
      expect(await ask(listener, secure, "127.0.0.1")).toBe("here");
    }
  });

  test("a tunnel, and stays: the end of the listener waits for nobody", async () => {
    const listener = await started(secure);
    expect(await said(holding(listener, secure).socket, TUNNEL)).toMatch(/ 405 /);
    // One that says nothing, not even TLS.
    await once(holding(listener, false).raw, "connect");
    expect(await ask(listener, secure, "127.0.0.1")).toBe("here");
    const before = performance.now();
    await listener.close();
    expect(performance.now() - before).toBeLessThan(LIMITS.monitorLingerMs / 2);
  });
});

describe.each(["http", "https"])(
  "attack 20: behind a page that is still being sent: %s",
  (scheme) => {
    const secure = scheme === "https";
    const PIECE = "x".repeat(64 * 1024);
    const GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    const answersOf = (text: string): string[] => text.match(/HTTP\/1\.1 .*/g) ?? [];

    /** A page of two pieces, the second when it is let go; what is read until the end. */
    async function behind(text: string, isPiped: boolean) {
      const begun = Promise.withResolvers<void>();
      const gate = Promise.withResolvers<void>();
      const listener = await started(secure, (_request, response) => {
        response.write(PIECE);
        begun.resolve();
        void gate.promise.then(() => response.end(PIECE));
      });
      const { socket } = holding(listener, secure);
      let read = "";
      socket.on("data", (more) => {
        read += more;
      });
      const closed = Promise.race([once(socket, "close"), once(socket, "end")]);
      // Sent with the request, or when the page has begun.
      socket.write(isPiped ? `${GET}${text}` : GET);
      await begun.promise;
      if (!isPiped) await expect.poll(() => read.length).toBeGreaterThan(PIECE.length);
      if (!isPiped) socket.write(text);
      return { gate, closed, socket, read: () => read };
    }

    test.each([false, true])(
      "a tunnel closes the connection, and nothing stands in the page; sent with the request: %s",
      async (isPiped) => {
        const { gate, closed, read } = await behind(TUNNEL, isPiped);
        await closed;
        gate.resolve();
        expect(answersOf(read()).filter((answer) => !answer.includes(" 200 "))).toEqual([]);
        expect(read()).not.toContain("405");
      },
    );

    test("what is no request is refused behind the page", async () => {
      const { gate, closed, socket, read } = await behind("\0\r\n\r\n", true);
      // As often as it likes.
      socket.write("\0\r\n\r\n");
      gate.resolve();
      await expect.poll(read).toContain(" 400 ");
      expect(answersOf(read())).toEqual(["HTTP/1.1 200 OK", "HTTP/1.1 400 Bad Request"]);
      expect(read().match(/x/g)).toHaveLength(2 * PIECE.length);
      socket.end();
      await closed;
    });
  },
);

onLinux("attack 20: tunnels that are refused give their places back", async () => {
  const listener = await started(false);
  for (let opened = 0; opened < LIMITS.monitorConnectionsMax; opened += 1) {
    const address = opened < LIMITS.monitorConnectionsPerAddressMax ? CROWD_ADDRESS : "127.0.0.3";
    const { socket } = holding(listener, false, address);
    expect(await said(socket, TUNNEL)).toMatch(/ 405 /);
  }
  const again = (): Promise<string> => ask(listener, false, "127.0.0.1").catch(() => "");
  await expect.poll(again, { timeout: 10_000 }).toBe("here");
});
