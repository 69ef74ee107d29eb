// The JavaScript clients that others wrote, under one roof: the same tests run with each.
// Must stay true: nothing of the libraries is changed, only where they differ is named.
import * as current from "@nats-io/transport-node";
import * as older from "nats";
import { expect, onTestFinished } from "vitest";
import type { ServerUnderTest } from "./server-under-test.ts";
import type { ClientTls } from "./testdata/certificates.ts";

export type Connection = current.NatsConnection;
export type Message = current.Msg;
export type Headers = current.MsgHdrs;
export type ConnectOptions = current.NodeConnectionOptions;
export type RequestStrategy = current.RequestManyOptions["strategy"];

export interface ClientLibrary {
  readonly name: string;
  connect(options: ConnectOptions): Promise<Connection>;
  headers(): Headers;
  isNoResponders(error: unknown): boolean;
  /** The library's words for the four ways to wait for many replies. */
  readonly strategies: Readonly<Record<"timer" | "count" | "stall" | "sentinel", RequestStrategy>>;
}

export const transportNode: ClientLibrary = {
  name: "@nats-io/transport-node",
  connect: (options) => current.connect(options),
  headers: () => current.headers(),
  isNoResponders: (error) =>
    error instanceof current.errors.NoRespondersError ||
    (error instanceof current.errors.RequestError && error.isNoResponders()),
  strategies: { timer: "timer", count: "count", stall: "stall", sentinel: "sentinel" },
};

/** What the tests use of it has the same shape as in the current library. */
export const olderNats: ClientLibrary = {
  name: "nats",
  connect: (options) =>
    older.connect(options as older.ConnectionOptions) as unknown as Promise<Connection>,
  headers: () => older.headers() as unknown as Headers,
  isNoResponders: (error) =>
    error instanceof older.NatsError && error.code === older.ErrorCode.NoResponders,
  strategies: {
    timer: older.RequestStrategy.Timer as unknown as RequestStrategy,
    count: older.RequestStrategy.Count as unknown as RequestStrategy,
    stall: older.RequestStrategy.JitterTimer as unknown as RequestStrategy,
    sentinel: older.RequestStrategy.SentinelMsg as unknown as RequestStrategy,
  },
};

/** A connection that fails rather than tries again, closed with the running test. */
export async function connectForTest(
  server: ServerUnderTest,
  options: ConnectOptions = {},
  library: ClientLibrary = transportNode,
): Promise<Connection> {
  const connection = await library.connect({
    servers: server.url,
    reconnect: false,
    timeout: 5_000,
    ...options,
  });
  onTestFinished(() => connection.close());
  return connection;
}

/** Who is refused reads the same, whatever the cause. */
export async function expectOut(server: ServerUnderTest, options: ConnectOptions): Promise<void> {
  await expect(connectForTest(server, options)).rejects.toThrow(/Authorization Violation/i);
}

/** Options of a TLS connection. */
export function tlsOptions(files: ClientTls): ConnectOptions {
  return { tls: files as NonNullable<ConnectOptions["tls"]> };
}
