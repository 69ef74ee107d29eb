// What the log says of a start (LG-15). Control thread.
import { StaticAuthenticator } from "@weft/auth";
import type { Runtime, RuntimeOptions } from "./runtime.ts";
import { NATS_VERSION, WEFT_VERSION } from "./version.ts";

/** TL-06. There is no fallback. */
const HANDSHAKE_FIRST =
  'Clients that are not using "TLS Handshake First" option will fail to connect';

export function logBanner(given: RuntimeOptions, server: Runtime): void {
  const { log, options, configFile } = given;
  log.write("info", "Starting nats-server");
  log.write("info", `  Version:  ${NATS_VERSION} (Weft ${WEFT_VERSION})`);
  log.write("info", `  Name:     ${server.name}`);
  log.write("info", `  ID:       ${server.id}`);
  log.write("info", `  Workers:  ${server.workersCount}`);
  if (configFile !== undefined) log.write("info", `Using configuration file: ${configFile}`);
  if (options.logging.trace) log.write("warn", "Trace is enabled: payloads are in the log");
}

export function logReady(given: RuntimeOptions, server: Runtime): void {
  const { log, options } = given;
  const address = server.host.includes(":") ? `[${server.host}]` : server.host;
  log.write("info", `Listening for client connections on ${address}:${server.port}`);
  if (options.tls !== undefined) {
    log.write("info", "TLS required for client connections");
    if (options.tls.handshakeFirst === true) log.write("warn", HANDSHAKE_FIRST);
  }
  if (new StaticAuthenticator(options.auth).plaintextPasswords) {
    log.write("warn", "Plaintext passwords detected, use nkeys or bcrypt");
  }
  log.write("info", "Server is ready");
}
