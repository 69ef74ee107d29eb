// Connections to a server. The client library is loaded only here, by commands that need it.
import type {
  Authenticator,
  ConnectionOptions,
  NatsConnection,
  TlsOptions,
} from "@nats-io/transport-node";
import { redactAddresses } from "@weft/base";
import type { Arguments } from "../command-line/arguments.ts";
import type { Host } from "../command-line/command.ts";
import { Failure } from "../command-line/failure.ts";
import { readSecret, readWanted } from "../store/files.ts";
import { within } from "./deadline.ts";

export interface Login {
  /** Token of a user and its seed. */
  readonly user?: { readonly token: string; readonly seed: string } | undefined;
  /** Text of a creds file. */
  readonly creds?: string | undefined;
  /** Seed of a user. */
  readonly seed?: string | undefined;
  readonly name?: string | undefined;
  readonly password?: string | undefined;
  readonly token?: string | undefined;
}

/** Addresses between commas, without blanks; a login in an address is taken out. */
export interface Addresses {
  readonly servers: readonly string[];
  readonly login: Login;
  readonly wantsTls: boolean;
}

export function parseAddresses(text: string): Addresses {
  let login: Login = {};
  let wantsTls = false;
  const servers = text.split(",").map((part) => {
    const trimmed = part.trim();
    const full = trimmed.includes("://") ? trimmed : `nats://${trimmed}`;
    let url: URL;
    try {
      url = new URL(full);
    } catch {
      throw new Failure(`"${redactAddresses(trimmed)}" is no address of a server`);
    }
    if (url.protocol !== "nats:" && url.protocol !== "tls:") {
      throw new Failure(`${redactAddresses(trimmed)}: only nats:// and tls:// are supported`);
    }
    wantsTls ||= url.protocol === "tls:";
    const user = decodeURIComponent(url.username);
    const password = decodeURIComponent(url.password);
    if (password !== "") login = { name: user, password };
    else if (user !== "") login = { token: user };
    const host = url.hostname === "" ? "localhost" : url.hostname;
    return `${host}:${url.port === "" ? "4222" : url.port}`;
  });
  return { servers, login, wantsTls };
}

function tlsOf(words: Arguments, host: Host, wantsTls: boolean): TlsOptions | undefined {
  const { environment: variables } = host;
  const ca = words.text("ca-cert") ?? variables["NATS_CA"];
  const cert = words.text("client-cert") ?? variables["NATS_CERT"];
  const key = words.text("client-key") ?? variables["NATS_KEY"];
  const first = words.flag("tls-first");
  if (!wantsTls && !first && [ca, cert, key].every((it) => it === undefined)) return undefined;
  return {
    ...(ca === undefined ? {} : { ca: readWanted(ca) }),
    ...(cert === undefined ? {} : { cert: readWanted(cert) }),
    ...(key === undefined ? {} : { key: secretFile(key, host) }),
    ...(first ? { handshakeFirst: true } : {}),
  };
}

/** A file with a secret, which must be there. */
export function secretFile(path: string, host: Host): string {
  const text = readSecret(path, (line) => host.warn(line));
  if (text === undefined) throw new Failure(`cannot read ${path}: no such file or folder`);
  return text;
}

type Library = typeof import("@nats-io/transport-node");

function authenticatorOf(library: Library, login: Login): Authenticator | undefined {
  const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
  if (login.user !== undefined) {
    return library.jwtAuthenticator(login.user.token, encode(login.user.seed));
  }
  if (login.creds !== undefined) return library.credsAuthenticator(encode(login.creds));
  if (login.seed !== undefined) return library.nkeyAuthenticator(encode(login.seed));
  if (login.token !== undefined) return library.tokenAuthenticator(login.token);
  if (login.name === undefined) return undefined;
  return library.usernamePasswordAuthenticator(login.name, login.password ?? "");
}

/** So that the library's own words come first. */
const GRACE_MS = 500;

export interface ConnectSettings {
  readonly addresses: Addresses;
  readonly login: Login;
  readonly timeoutMs: number;
  readonly inboxPrefix?: string | undefined;
}

/** Connects once, without trying again. Throws what the client library throws. */
export async function connectTo(
  settings: ConnectSettings,
  words: Arguments,
  host: Host,
): Promise<NatsConnection> {
  const library = await import("@nats-io/transport-node");
  const { addresses, timeoutMs, inboxPrefix } = settings;
  const authenticator = authenticatorOf(library, { ...addresses.login, ...settings.login });
  const tls = tlsOf(words, host, addresses.wantsTls);
  const options: ConnectionOptions = {
    servers: [...addresses.servers],
    name: "weftctl",
    timeout: timeoutMs,
    reconnect: false,
    maxReconnectAttempts: 0,
    ...(authenticator === undefined ? {} : { authenticator }),
    ...(tls === undefined ? {} : { tls }),
    ...(inboxPrefix === undefined ? {} : { inboxPrefix }),
  };
  // The library's own limit does not hold for every step of the way.
  return within(library.connect(options), timeoutMs + GRACE_MS, "no login");
}

/** The text of a failure of the client library, without secrets. */
export function clientProblem(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) {
    return clientProblem(error.errors[0]);
  }
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? `: ${error.cause.message}` : "";
  return redactAddresses(`${error.message}${cause}`);
}
