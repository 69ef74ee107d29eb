// The outputs that are a syslog (LG-09): remote by URL, local by its socket (ADR 0012). Control
// thread. What must stay true: who cannot be reached at the start is an error then.

import { execFile } from "node:child_process";
import { connect, type Socket } from "node:net";
import { hostname } from "node:os";
import type { Writable } from "node:stream";
import { errorText } from "@weft/base";
import { childStream } from "./child-stream.ts";
import { DatagramOutput } from "./datagram-output.ts";
import type { LogOptions, LogPlace } from "./log-options.ts";
import type { LogOutput, OutputEvents } from "./log-output.ts";
import { StreamOutput } from "./stream-output.ts";
import { type SyslogFacts, syslogLine, syslogPriority } from "./syslog-format.ts";

/** Where a local syslog listens, by system. */
const LOCAL_PATHS: readonly string[] = ["/dev/log", "/var/run/syslog", "/var/run/log"];
/** `logger` cuts longer messages. */
const LOCAL_MESSAGE_BYTES_MAX = 60_000;

/** Where a URL of a remote syslog leads. Throws what is wrong with it. */
export type SyslogTarget =
  | { readonly kind: "udp" | "tcp"; readonly host: string; readonly port: number }
  | { readonly kind: "unix"; readonly path: string };

export function syslogTarget(address: string): SyslogTarget {
  const [, scheme = "", rest = ""] = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/i.exec(address) ?? [];
  const kind = scheme.toLowerCase();
  if (kind === "unix") return { kind, path: rest };
  if (kind !== "udp" && kind !== "tcp") {
    throw new Error(`error invalid network type: ${JSON.stringify(scheme)}`);
  }
  const [, bare = "", port = ""] = /^(.+):(\d{1,5})$/.exec(rest) ?? [];
  const host = bare.replace(/^\[(.*)\]$/, "$1");
  if (host === "" || Number(port) < 1 || Number(port) > 65_535) {
    throw new Error(`error connecting to syslog: "${kind}://host:port is needed"`);
  }
  return { kind, host, port: Number(port) };
}

/** Resolves when the output takes lines; rejects with `error connecting to syslog: "..."`. */
export async function openRemoteSyslog(
  address: string,
  options: LogOptions,
  place: LogPlace,
  events: OutputEvents,
): Promise<LogOutput> {
  const target = syslogTarget(address);
  const facts = syslogFacts(options, place, false);
  const line = (level: Parameters<typeof syslogLine>[1], text: string): string =>
    `${syslogLine(facts, level, text, new Date())}\n`;
  try {
    if (target.kind === "udp") {
      return await new DatagramOutput({ ...target, events, encode: line }).open();
    }
    const to = target.kind === "unix" ? { path: target.path } : target;
    // RFC 6587: a message of RFC 5424 carries its length, an older one ends with its line.
    const counted = target.kind === "tcp" && options.syslogFormat === "rfc5424";
    const encode: typeof line = counted
      ? (level, text) => octetCounted(line(level, text).trimEnd())
      : line;
    return await new StreamOutput({ events, encode, connect: () => connected(to) }).open();
  } catch (error) {
    throw connectError(error);
  }
}

/** The machine's own syslog, whichever way its socket wants. */
export async function openLocalSyslog(
  options: LogOptions,
  place: LogPlace,
  events: OutputEvents,
): Promise<LogOutput> {
  const paths = place.syslogPaths ?? LOCAL_PATHS;
  const found = await localSocket(paths);
  if (found === undefined) {
    throw connectError(new Error(`nobody listens on ${paths.join(", ")}; see remote_syslog`));
  }
  const { path, kind } = found;
  const facts = syslogFacts(options, place, true);
  try {
    if (kind === "stream") {
      return await new StreamOutput({
        events,
        encode: (level, text) => `${syslogLine(facts, level, text, new Date())}\n`,
        connect: () => connected({ path }),
      }).open();
    }
    await checkLogger();
    const words = [
      ...["--socket", path, "--socket-errors=on", "--prio-prefix"],
      ...["--tag", place.program, `--id=${place.processId}`],
      ...["--size", `${LOCAL_MESSAGE_BYTES_MAX}`],
      ...(options.syslogFormat === "rfc5424" ? ["--rfc5424=notq"] : []),
    ];
    return await new StreamOutput({
      events,
      encode: (level, text) => `${syslogPriority(level)}${text}\n`,
      connect: () => childStream({ command: "logger", arguments: words }),
    }).open();
  } catch (error) {
    throw connectError(error);
  }
}

/**
 * The first socket that somebody listens on, and of which kind: Node can connect to stream sockets
 * only, and the system says when it is one of datagrams.
 */
async function localSocket(
  paths: readonly string[],
): Promise<{ path: string; kind: "stream" | "datagram" } | undefined> {
  for (const path of paths) {
    try {
      (await connected({ path })).destroy();
      return { path, kind: "stream" };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EPROTOTYPE") return { path, kind: "datagram" };
    }
  }
  return undefined;
}

/** The `logger` of util-linux; others cannot be told the priority line by line. */
function checkLogger(): Promise<void> {
  return new Promise((resolve, reject) => {
    execFile("logger", ["--version"], { timeout: 2_000 }, (error, output) => {
      if (error === null && output.includes("util-linux")) return resolve();
      const why = "a syslog of datagrams needs the program logger of util-linux";
      reject(new Error(`${why}; see remote_syslog`));
    });
  });
}

function connected(to: { host: string; port: number } | { path: string }): Promise<Writable> {
  return new Promise((resolve, reject) => {
    const socket: Socket = connect(to);
    socket.once("error", reject);
    socket.once("connect", () => {
      socket.off("error", reject);
      socket.unref();
      // Nothing comes this way; but without reading, the peer's end would not be seen.
      socket.resume();
      resolve(socket);
    });
  });
}

function syslogFacts(options: LogOptions, place: LogPlace, local: boolean): SyslogFacts {
  const { program, processId } = place;
  return { format: options.syslogFormat, local, host: hostname() || "-", program, processId };
}

function octetCounted(message: string): string {
  return `${Buffer.byteLength(message)} ${message}`;
}

function connectError(error: unknown): Error {
  const text = errorText(error);
  if (text.startsWith("error ")) return new Error(text);
  return new Error(`error connecting to syslog: ${JSON.stringify(text)}`);
}
