// For tests: options of a TLS listener, a session that upgrades, and clients that do so too.
import { randomBytes } from "node:crypto";
import tls from "node:tls";
import { onTestFinished } from "vitest";
import { pem, type RecordingSession, TestClient, TestServer, until } from "./test-peers.ts";
import type { TlsContextOptions } from "./tls-context.ts";

export const REFUSAL = "-ERR 'Secure Connection - TLS Required'\r\n";
export const TLS_BASE: TlsContextOptions = {
  certificates: [{ certificate: pem("server.pem"), key: pem("server.key") }],
  authorities: pem("ca.pem"),
  verifyClients: false,
  minVersion: "1.2",
  pinnedKeys: [],
  handshakeTimeoutMs: 2000,
  ticketKeys: randomBytes(48),
  sessionContext: "listener 0",
  clearRefusal: REFUSAL,
};

/** Starts a listener with TLS, which ends with the running test. */
export async function startTls(
  change: Partial<TlsContextOptions>,
  onOpen: (session: RecordingSession) => void,
  onRejected: (count: number) => void = () => undefined,
): Promise<TestServer> {
  const tls = { ...TLS_BASE, ...change };
  const server = await new TestServer({ tls, onOpen, onRejected }).start();
  onTestFinished(() => server.stop());
  return server;
}

/** INFO in clear, then TLS (CP-18); echoes what it gets. */
export function infoThenTls(session: RecordingSession): void {
  session.transport.write([Buffer.from("INFO {}\r\n")]);
  session.transport.startTls();
  session.react = (bytes) => session.transport.write([Buffer.from(bytes)]);
}

export const TRUST = { ca: pem("ca.pem"), servername: "localhost" };

/** Reads INFO in clear, then upgrades the same socket. */
export async function upgrade(
  running: TestServer,
  options: tls.ConnectionOptions = {},
): Promise<TestClient> {
  const plain = await running.connect();
  await until(() => plain.text === "INFO {}\r\n");
  plain.socket.removeAllListeners("data");
  return new TestClient(tls.connect({ ...TRUST, ...options, socket: plain.socket }));
}

export async function echoes(client: TestClient, text: string): Promise<void> {
  client.socket.write(text);
  await until(() => client.text.endsWith(text));
}
