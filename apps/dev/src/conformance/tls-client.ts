// A TLS client that knows nothing of NATS, and servers for its tests. Must stay true: a refusal is
// told apart from a server that does not answer.
import { readFileSync } from "node:fs";
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from "node:tls";
import { afterAll, beforeAll, onTestFinished } from "vitest";
import { within } from "./deadline.ts";
import { type JsonObject, openRaw, RawClient } from "./raw-client.ts";
import { type ServerUnderTest, type StartOptions, startServer } from "./server-under-test.ts";
import { certificates } from "./testdata/certificates.ts";

const authority = readFileSync(certificates.ca);

/** A connection whose handshake may still fail. */
export interface SecureClient {
  readonly client: RawClient;
  readonly socket: TLSSocket;
  /** What OpenSSL said, code and text; empty as long as nothing failed. */
  failure(): string;
}

function secured(socket: TLSSocket): SecureClient {
  let failure = "";
  socket.on("error", (error: NodeJS.ErrnoException) => {
    failure ||= `${error.code} ${error.message}`;
  });
  const client = new RawClient(socket);
  onTestFinished(() => client.end());
  return { client, socket, failure: () => failure };
}

function withDefaults(options: ConnectionOptions): ConnectionOptions {
  return { ca: authority, servername: "localhost", ...options };
}

/** Waits for INFO in clear, then begins the handshake on the same socket. */
export async function upgraded(
  port: number,
  options: ConnectionOptions = {},
): Promise<SecureClient> {
  const plain = await openRaw(port);
  await plain.info();
  plain.socket.removeAllListeners("data");
  return secured(connectTls({ ...withDefaults(options), socket: plain.socket }));
}

/** Begins the handshake at once. */
export function handshakeFirst(port: number, options: ConnectionOptions = {}): SecureClient {
  return secured(connectTls({ ...withDefaults(options), port, host: "127.0.0.1" }));
}

/** Logged in over TLS; rejects when the server closes instead. */
export async function loggedIn(
  port: number,
  options: ConnectionOptions = {},
  fields: JsonObject = {},
): Promise<SecureClient> {
  const secure = await upgraded(port, options);
  await secure.client.login(fields);
  return secure;
}

/** Resolves with what OpenSSL said, or "", once the server has closed without an answer to PING. */
export async function refused(
  port: number,
  options: ConnectionOptions = {},
  fields: JsonObject = {},
): Promise<string> {
  const secure = await upgraded(port, options);
  secure.client.sendConnect(fields);
  secure.client.send("PING\r\n");
  await secure.client.waitForClose();
  if (secure.client.received.includes("PONG")) throw new Error("the server let the client in");
  return secure.failure();
}

/** Resolves once the handshake is done. */
export async function handshaken(secure: SecureClient): Promise<TLSSocket> {
  const { socket } = secure;
  const done = new Promise<void>((resolve, reject) => {
    socket.once("secureConnect", resolve);
    socket.once("error", reject);
    socket.once("close", () => reject(new Error("closed during the handshake")));
  });
  await within(done, "the end of the handshake");
  return socket;
}

/**
 * Several servers for all tests of the surrounding `describe`. One after the other: on a busy machine
 * each has the time that a start may take for itself.
 */
export function useServers<Name extends string>(
  wanted: Readonly<Record<Name, StartOptions>>,
): (name: Name) => ServerUnderTest {
  const running = new Map<string, ServerUnderTest>();
  beforeAll(async () => {
    for (const [name, options] of Object.entries<StartOptions>(wanted)) {
      running.set(name, await startServer(options));
    }
  });
  afterAll(async () => {
    await Promise.all([...running.values()].map((server) => server.stop()));
  });
  return (name) => {
    const server = running.get(name);
    if (server === undefined) throw new Error(`server ${name} has not started`);
    return server;
  };
}
