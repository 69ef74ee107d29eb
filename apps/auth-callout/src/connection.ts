// The service's connection to the servers: one queue group for all instances, health on request. Must
// stay true: it comes back by itself for as long as the process lives; secrets are read from files.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import {
  type Authenticator,
  connect,
  credsAuthenticator,
  type NatsConnection,
  type NodeConnectionOptions,
  nkeyAuthenticator,
} from "@nats-io/transport-node";
import { CALLOUT_SUBJECT } from "@weft/auth";
import type { Backend } from "./backend.ts";
import type { Log } from "./log.ts";
import type { AuthCalloutService } from "./service.ts";
import { readSecret, type Settings } from "./settings.ts";

const RECONNECT_WAIT_MS = 500;
const CHECK_TIMEOUT_MS = 2_000;

export function connectionOptions({ nats }: Settings, folder: string): NodeConnectionOptions {
  const { tls } = nats;
  const at = (file: string): string => resolve(folder, file);
  const login: { user?: string; pass?: string; authenticator?: Authenticator } = {};
  if (nats.user !== undefined) login.user = nats.user;
  if (nats.password_file !== undefined) login.pass = readSecret(folder, nats.password_file);
  if (nats.nkey_seed_file !== undefined) {
    const seed = new TextEncoder().encode(readSecret(folder, nats.nkey_seed_file));
    login.authenticator = nkeyAuthenticator(seed);
  }
  if (nats.creds_file !== undefined) {
    login.authenticator = credsAuthenticator(readFileSync(at(nats.creds_file)));
  }
  return {
    ...login,
    servers: nats.servers,
    name: "weft-auth-callout",
    maxReconnectAttempts: -1,
    reconnectTimeWait: RECONNECT_WAIT_MS,
    ignoreAuthErrorAbort: true,
    ...(tls && {
      tls: {
        ...(tls.ca_file !== undefined && { caFile: at(tls.ca_file) }),
        ...(tls.cert_file !== undefined && { certFile: at(tls.cert_file) }),
        ...(tls.key_file !== undefined && { keyFile: at(tls.key_file) }),
      },
    }),
  };
}

/** Serves until the connection is closed. */
export async function serve(
  settings: Settings,
  folder: string,
  service: AuthCalloutService,
  backends: readonly Backend[],
  log: Log,
): Promise<NatsConnection> {
  const connection = await connect(connectionOptions(settings, folder));
  const { queue, health_subject: health } = settings.nats;
  connection.subscribe(CALLOUT_SUBJECT, {
    queue,
    callback: (error, message) => {
      if (error !== null) return log.warn("subscription", { reason: error.name });
      const serverKey = message.headers?.get("Nats-Server-Xkey") ?? "";
      void service.answer(message.data, serverKey).then((answer) => {
        if (answer !== undefined) message.respond(answer);
      });
    },
  });
  connection.subscribe(health, {
    callback: (_error, message) => {
      void healthOf(service, backends).then((text) => message.respond(text));
    },
  });
  void watch(connection, log);
  await connection.flush();
  log.info("serving", { server: connection.getServer(), queue, instance: process.pid });
  return connection;
}

async function watch(connection: NatsConnection, log: Log): Promise<void> {
  for await (const { type } of connection.status()) {
    if (type === "disconnect" || type === "reconnect") log.warn(type);
  }
}

async function healthOf(
  service: AuthCalloutService,
  backends: readonly Backend[],
): Promise<string> {
  const states = await Promise.all(
    backends.map(async (backend) => ({ name: backend.name, healthy: await isHealthy(backend) })),
  );
  const healthy = states.every((state) => state.healthy);
  return JSON.stringify({ healthy, backends: states, ...service.figures, instance: process.pid });
}

async function isHealthy(backend: Backend): Promise<boolean> {
  try {
    await backend.check?.();
    return true;
  } catch {
    return false;
  }
}

/** Why there is no connection or no answer, as who starts the service has to know it. */
export function connectionProblem({ name, message, cause }: Error): string {
  if (message.startsWith("no responders")) return "no instance answers on the health subject";
  return cause instanceof Error ? cause.message : message || name;
}

/** Asks a running instance; the exit code of a check: 0 good, 2 bad. */
export async function checkHealth(settings: Settings, folder: string): Promise<[number, string]> {
  const options = { ...connectionOptions(settings, folder), maxReconnectAttempts: 0 };
  try {
    const connection = await connect({ ...options, reconnect: false, ignoreAuthErrorAbort: false });
    try {
      const { health_subject: subject } = settings.nats;
      const answer = await connection.request(subject, "", { timeout: CHECK_TIMEOUT_MS });
      const { healthy } = answer.json<{ healthy: boolean }>();
      return [healthy ? 0 : 2, `${healthy ? "OK" : "CRITICAL"} ${answer.string()}`];
    } finally {
      await connection.close();
    }
  } catch (error) {
    return [2, `CRITICAL ${connectionProblem(error as Error)}`];
  }
}
