// The listener of the monitoring port for real, with a handler that says one word. One address tries to
// keep another out.
import { readFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import net from "node:net";
import { LIMITS } from "@weft/base";
import { expect, onTestFinished, test } from "vitest";
import { MonitorListener } from "./monitor-listener.ts";
import { testFile, tls } from "./testing/tls-options.ts";
import { loadTlsMaterial } from "./tls-material.ts";

const AUTHORITY = readFileSync(testFile("ca.pem"));
const CROWD_ADDRESS = "127.0.0.2";

async function started(secure: boolean): Promise<MonitorListener> {
  const options = { host: "127.0.0.1", port: 0, secure, basePath: "" };
  const listener = new MonitorListener(
    options,
    secure ? loadTlsMaterial(tls(), "monitor") : undefined,
    (_request, response) => response.end("here"),
  );
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
