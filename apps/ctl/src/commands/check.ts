// check connection: can a client connect, and how fast is a message there and back. The texts, values
// and exit codes are those of the reference's command line tool.
import { randomBytes } from "node:crypto";
import type { NatsConnection } from "@nats-io/transport-node";
import { formatDuration } from "@weft/config";
import { CHECK_EXIT, CheckResult, type PerformanceValue } from "../check/check-result.ts";
import type { Arguments } from "../command-line/arguments.ts";
import type { Command, Host, OptionSpec } from "../command-line/command.ts";
import { Failure } from "../command-line/failure.ts";
import { durationMs } from "../command-line/values.ts";
import {
  type Addresses,
  clientProblem,
  connectTo,
  type Login,
  parseAddresses,
  secretFile,
} from "../server/connect.ts";
import { TLS_OPTIONS } from "../server/connection-options.ts";
import { within } from "../server/deadline.ts";

function threshold(name: string, usual: string, what: string): OptionSpec {
  return { name, value: "TIME", help: `${what}; else ${usual}` };
}

const THRESHOLDS: readonly OptionSpec[] = [
  threshold("connect-warn", "500ms", "warn if connecting takes so long"),
  threshold("connect-critical", "1s", "critical if connecting takes so long"),
  threshold("rtt-warn", "500ms", "warn if a PING takes so long"),
  threshold("rtt-critical", "1s", "critical if a PING takes so long"),
  threshold("req-warn", "500ms", "warn if a message there and back takes so long"),
  threshold("req-critical", "1s", "critical if a message there and back takes so long"),
];
const FORMATS = ["nagios", "json"];
const TIMEOUT_MS = 5_000;
const WARNING_MS = 500;
const CRITICAL_MS = 1_000;
const MESSAGE_BYTES = 100;
const MS_PER_SECOND = 1_000;

const checkConnection: Command = {
  words: ["check", "connection"],
  summary: "Check whether clients can connect; exit codes of Nagios",
  options: [
    { name: "server", short: "s", value: "URL", help: "server (NATS_URL); else localhost" },
    { name: "creds", value: "FILE", help: "creds file of a user (NATS_CREDS)" },
    { name: "nkey", value: "FILE", help: "file with the seed of a user (NATS_NKEY)" },
    { name: "user", value: "NAME", help: "user (NATS_USER)" },
    { name: "password", value: "TEXT", help: "password (NATS_PASSWORD, which others cannot see)" },
    { name: "timeout", value: "TIME", help: "how long to wait; else 5s" },
    ...THRESHOLDS,
    { name: "format", value: "FORM", help: `${FORMATS.join(" or ")}; else nagios` },
    ...TLS_OPTIONS,
  ],
  examples: [
    "check connection --server nats://localhost:4222 --connect-warn 200ms",
    "check connection --server tls://nats.example.com --creds monitor.creds --format json",
  ],
  async run(words, host) {
    const result = new CheckResult("Connection", "connections");
    const format = words.text("format") ?? "nagios";
    if (!FORMATS.includes(format)) throw new Failure(`--format: "${format}" is not known`);
    await measure(result, words, host);
    host.print(format === "json" ? result.toJson() : result.toNagios());
    return CHECK_EXIT[result.status];
  },
};

function loginOf(words: Arguments, host: Host): Login {
  const { environment: variables } = host;
  const creds = words.text("creds") ?? variables["NATS_CREDS"];
  const nkey = words.text("nkey") ?? variables["NATS_NKEY"];
  const name = words.text("user") ?? variables["NATS_USER"];
  const password = words.text("password") ?? variables["NATS_PASSWORD"];
  if (creds !== undefined) return { creds: secretFile(creds, host) };
  if (nkey !== undefined) return { seed: secretFile(nkey, host).trim() };
  return name === undefined ? {} : { name, password };
}

/** Failures of the check itself are thrown; those of the server are in the result. */
async function measure(result: CheckResult, words: Arguments, host: Host): Promise<void> {
  const timeoutMs = durationMs(words, "timeout") ?? TIMEOUT_MS;
  const url = words.text("server") ?? host.environment["NATS_URL"] ?? "localhost";
  const addresses = parseAddresses(url);
  const login = loginOf(words, host);
  // Read before anything is measured: a wrong threshold is no fault of the server.
  const thresholds = {
    connect: limitsOf(words, "connect"),
    rtt: limitsOf(words, "rtt"),
    request: limitsOf(words, "req"),
  };
  await import("@nats-io/transport-node");
  const start = performance.now();
  let connection: NatsConnection;
  try {
    connection = await connectTo({ addresses, login, timeoutMs }, words, host);
  } catch (error) {
    if (error instanceof Failure) throw error;
    result.criticals.push(`connection failed: ${clientProblem(error)}`);
    return;
  }
  try {
    const connectMs = performance.now() - start;
    measureConnect(result, connectMs, thresholds.connect, addresses, connection);
    await measureRoundTrips(result, connection, thresholds, timeoutMs);
  } finally {
    await connection.close();
  }
}

interface Limits {
  readonly warningSeconds: number;
  readonly criticalSeconds: number;
}

/** To a nanosecond, so that texts show what was given. */
function toSeconds(milliseconds: number): number {
  return Number((milliseconds / MS_PER_SECOND).toFixed(9));
}

function limitsOf(words: Arguments, prefix: string): Limits {
  const warningMs = durationMs(words, `${prefix}-warn`) ?? WARNING_MS;
  const criticalMs = durationMs(words, `${prefix}-critical`) ?? CRITICAL_MS;
  return {
    warningSeconds: toSeconds(warningMs),
    criticalSeconds: toSeconds(criticalMs),
  };
}

function timed(name: string, milliseconds: number, limits: Limits): PerformanceValue {
  return { name, seconds: toSeconds(milliseconds), ...limits };
}

function measureConnect(
  result: CheckResult,
  milliseconds: number,
  limits: Limits,
  addresses: Addresses,
  connection: NatsConnection,
): void {
  const server = `${addresses.wantsTls ? "tls" : "nats"}://${connection.getServer()}`;
  result.measure(
    timed("connect_time", milliseconds, limits),
    `connected to ${server} in ${formatDuration(milliseconds)}`,
    (limit) => `connected to ${server}, connect time exceeded ${limit}`,
  );
}

async function measureRoundTrips(
  result: CheckResult,
  connection: NatsConnection,
  thresholds: { readonly rtt: Limits; readonly request: Limits },
  timeoutMs: number,
): Promise<void> {
  try {
    const pingStart = performance.now();
    await within(connection.flush(), timeoutMs, "no PONG");
    const rttMs = performance.now() - pingStart;
    result.measure(
      timed("rtt", rttMs, thresholds.rtt),
      `rtt time ${formatDuration(rttMs)}`,
      (limit) => `rtt time exceeded ${limit}`,
    );
  } catch (error) {
    result.criticals.push(`rtt failed: ${clientProblem(error)}`);
    return;
  }
  const { createInbox } = await import("@nats-io/transport-node");
  const inbox = createInbox();
  const sent = randomBytes(MESSAGE_BYTES);
  try {
    const subscription = connection.subscribe(inbox, { max: 1 });
    const start = performance.now();
    connection.publish(inbox, sent);
    const first = subscription[Symbol.asyncIterator]().next();
    const received = await within(first, timeoutMs, "no message");
    const requestMs = performance.now() - start;
    if (received.done === true || !sent.equals(received.value.data)) {
      result.criticals.push("did not receive expected message");
      return;
    }
    const seconds = (requestMs / MS_PER_SECOND).toFixed(6);
    result.measure(
      timed("request_time", requestMs, thresholds.request),
      `round trip took ${seconds}s`,
      () => `round trip request took ${seconds}`,
    );
  } catch (error) {
    result.criticals.push(`did not receive from ${inbox}: ${clientProblem(error)}`);
  }
}

export const CHECK_COMMANDS: readonly Command[] = [checkConnection];
