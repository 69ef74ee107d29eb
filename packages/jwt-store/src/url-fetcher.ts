// Account JWTs from a web server: GET of the base address plus the account's key (AC-81). Control thread.
// Must stay true: every request ends within its time and its bytes; a password in the address never
// reaches a text; a redirect never leads from https to http.

import type { Agent } from "node:http";
import https from "node:https";
import { createSecureContext, type SecureContextOptions } from "node:tls";
import { errorText } from "@weft/base";
import { RESOLVER_LIMITS, type SourceAnswer } from "@weft/resolver";

/** An import of it would load all that it names, `fetch` among it: 4 MB and 50 ms of the start. */
const http = process.getBuiltinModule("node:http");

/** `resolver_tls`. */
export interface UrlTlsOptions {
  /** A function is asked with the first https request. An empty list = nobody is trusted. */
  readonly ca?: SecureContextOptions["ca"] | (() => SecureContextOptions["ca"]);
  readonly cert?: SecureContextOptions["cert"];
  readonly key?: SecureContextOptions["key"];
  /** Takes any certificate. */
  readonly insecure?: boolean | undefined;
  readonly minVersion?: SecureContextOptions["minVersion"];
}

export interface UrlFetcherOptions {
  /** Ends in `/`. */
  readonly url: string;
  readonly timeoutMs: number;
  readonly tls?: UrlTlsOptions | undefined;
}

interface Response {
  readonly status: number;
  readonly statusText: string;
  readonly location: string | undefined;
  readonly body: string;
}

const REDIRECTS_MAX = 5;
const SOCKETS_MAX = 10;
const IDLE_MS = 30_000;
const KEEP = { keepAlive: true, maxSockets: SOCKETS_MAX, timeout: IDLE_MS };

export class UrlFetcher {
  readonly #options: UrlFetcherOptions;
  readonly #http: Agent;
  #https: https.Agent | undefined;

  constructor(options: UrlFetcherOptions) {
    this.#options = options;
    this.#http = new http.Agent(KEEP);
  }

  /** What the start needs to be true: the base address answers. Undefined = it does. */
  async check(): Promise<string | undefined> {
    const answer = await this.fetch("", new AbortController().signal);
    if (answer.kind === "found") return undefined;
    if (answer.kind === "timeout") return this.lateText("");
    return answer.kind === "stopped" ? this.#wrong("", "stopped") : (answer.error ?? "");
  }

  /** What to say of an answer that did not come in time. */
  lateText(key: string): string {
    return this.#wrong(key, "timed out");
  }

  /** Never rejects. `signal` gives up early; the time limit holds in any case. */
  async fetch(key: string, signal: AbortSignal): Promise<SourceAnswer> {
    const limit = AbortSignal.timeout(this.#options.timeoutMs);
    const either = AbortSignal.any([signal, limit]);
    try {
      let address = new URL(this.#options.url + key);
      for (let hops = 0; hops <= REDIRECTS_MAX; hops += 1) {
        const response = await this.#get(address, either);
        if (response.status === 200) return { kind: "found", text: response.body.trim() };
        const next = redirectOf(response, address);
        if (next === undefined) {
          const error = this.#wrong(key, `${response.status} ${response.statusText}`);
          // Only the endpoint's own word that it does not know the account counts as an answer.
          const isAbsent = response.status === 404 || response.status === 410;
          return isAbsent ? { kind: "absent", error } : { kind: "unavailable", error };
        }
        address = next;
      }
      return { kind: "unavailable", error: this.#wrong(key, "too many redirects") };
    } catch (error) {
      if (limit.aborted) return { kind: "timeout" };
      if (signal.aborted) return { kind: "stopped" };
      return { kind: "unavailable", error: this.#wrong(key, reasonOf(error)) };
    }
  }

  /** Closes idle connections. */
  close(): void {
    this.#http.destroy();
    this.#https?.destroy();
  }

  /** One context for all of its connections: to read hundreds of authorities takes 30 ms. */
  #secureAgent(): https.Agent {
    if (this.#https !== undefined) return this.#https;
    const { insecure, ca, ...rest } = this.#options.tls ?? {};
    const secureContext = createSecureContext({
      ...rest,
      ca: typeof ca === "function" ? ca() : ca,
    });
    const rejectUnauthorized = insecure !== true;
    this.#https = new https.Agent({ ...KEEP, secureContext, rejectUnauthorized });
    return this.#https;
  }

  #get(address: URL, signal: AbortSignal): Promise<Response> {
    const { promise, resolve, reject } = Promise.withResolvers<Response>();
    const isSecure = address.protocol === "https:";
    const request = isSecure
      ? https.get(address.href, { agent: this.#secureAgent(), signal })
      : http.get(address.href, { agent: this.#http, signal });
    request.on("error", reject);
    request.on("response", (response) => {
      const pieces: Buffer[] = [];
      let bytes = 0;
      response.on("error", reject);
      response.on("data", (piece: Buffer) => {
        bytes += piece.length;
        if (bytes > RESOLVER_LIMITS.claimBytesMax) {
          request.destroy(new Error(`more than ${RESOLVER_LIMITS.claimBytesMax} bytes`));
        } else pieces.push(piece);
      });
      response.on("end", () => {
        resolve({
          status: response.statusCode ?? 0,
          statusText: response.statusMessage ?? "",
          location: response.headers.location,
          body: Buffer.concat(pieces).toString("latin1"),
        });
      });
    });
    return promise;
  }

  #wrong(key: string, reason: string): string {
    return `could not fetch <"${redacted(this.#options.url + key)}">: ${reason}`;
  }
}

function redirectOf({ status, location }: Response, from: URL): URL | undefined {
  if (![301, 302, 303, 307, 308].includes(status) || location === undefined) return undefined;
  if (!URL.canParse(location, from.href)) return undefined;
  const next = new URL(location, from.href);
  const isAllowed =
    next.protocol === "https:" || (next.protocol === "http:" && from.protocol === "http:");
  return isAllowed ? next : undefined;
}

function redacted(address: string): string {
  if (!URL.canParse(address)) return "?";
  const url = new URL(address);
  if (url.password !== "") url.password = "xxxxx";
  return url.href;
}

/** The first line of what went wrong; several addresses of one name are one error with many. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join(", ");
  return errorText(error);
}
