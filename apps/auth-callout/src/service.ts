// The service: requests of servers in, tokens out. Must stay true: each request is answered, at the
// latest when its time is over, or the server could not tell a busy service from a dead one; a bounded
// number is under way; nothing that a request holds is logged but the name of the user.
import { SignatureVerifier } from "@weft/auth";
import { type SealedLine, SealedLines } from "@weft/callout";
import { type AuthorizationRequestClaims, decodeTokenOf } from "@weft/jwt";
import { type Backend, BackendProblem, type Decision, type Login, refuse } from "./backend.ts";
import type { Log } from "./log.ts";
import type { Settings } from "./settings.ts";
import type { Signing } from "./signing.ts";
import { Throttle } from "./throttle.ts";

const AUDIENCE = "nats-authorization-request";
const REQUEST_BYTES_MAX = 256 * 1024;
/** Servers whose curve keys stay prepared. */
const LINES_MAX = 64;

export interface ServiceParts {
  readonly settings: Settings;
  readonly signing: Signing;
  readonly backends: readonly Backend[];
  readonly log: Log;
}

export interface Figures {
  readonly underWay: number;
  readonly granted: number;
  readonly refused: number;
  readonly failed: number;
  readonly busy: number;
}

/** An answer, and the key that it has to be sealed to. */
interface Opened {
  readonly request: AuthorizationRequestClaims;
  readonly line: SealedLine | undefined;
}

export class AuthCalloutService {
  readonly #parts: ServiceParts;
  readonly #verifier = new SignatureVerifier();
  readonly #throttle: Throttle;
  readonly #lines: SealedLines | undefined;
  readonly #figures = { underWay: 0, granted: 0, refused: 0, failed: 0, busy: 0 };

  constructor(parts: ServiceParts) {
    this.#parts = parts;
    const { curve } = parts.signing;
    this.#lines = curve && new SealedLines(curve, LINES_MAX);
    const { limits } = parts.settings;
    this.#throttle = new Throttle({
      loginsPerSecond: limits.logins_per_second,
      loginsPerSecondPerHost: limits.logins_per_second_per_host,
      failuresPerMinute: limits.failures_per_minute,
    });
  }

  get figures(): Figures {
    return this.#figures;
  }

  /**
   * The answer to one request; undefined for what no server can have sent. `serverKey`: the header
   * `Nats-Server-Xkey`, "" without one. Never rejects.
   */
  async answer(payload: Uint8Array, serverKey: string): Promise<Uint8Array | undefined> {
    const opened = this.#open(payload, serverKey);
    if (typeof opened === "string") {
      this.#parts.log.warn("request not readable", { reason: opened });
      return undefined;
    }
    const { request, line } = opened;
    const text = await this.#decide(request);
    const bytes = Buffer.from(text, "latin1");
    return line === undefined
      ? bytes
      : line.seal(bytes, { fill: crypto.getRandomValues.bind(crypto) });
  }

  #open(payload: Uint8Array, serverKey: string): Opened | string {
    if (payload.length > REQUEST_BYTES_MAX) return "too long";
    let text = payload;
    let line: SealedLine | undefined;
    if (serverKey !== "") {
      line = this.#lines?.to(serverKey);
      if (line === undefined) return "sealed, and there is no key for it";
      const plain = line.open(payload);
      if (plain === undefined) return "not sealed for this service";
      text = plain;
    } else if (this.#lines !== undefined) return "not sealed, although there is a key";
    const read = decodeTokenOf(
      "authorization_request",
      Buffer.from(text).toString("latin1"),
      this.#verifier,
    );
    if (!read.ok) return read.error.message;
    const request = read.claims;
    const { server } = request.nats;
    if (request.audience !== AUDIENCE) return "for another audience";
    if (request.issuer !== server.id) return "not signed by the server that it names";
    if (serverKey !== "" && server.xkey !== serverKey) return "sealed by another server";
    return { request, line };
  }

  async #decide(request: AuthorizationRequestClaims): Promise<string> {
    const { log, signing, settings } = this.#parts;
    const login = loginOf(request);
    const { host } = login;
    const began = performance.now();
    const throttled =
      this.#figures.underWay >= settings.limits.under_way_max
        ? "busy"
        : this.#throttle.refusal(host, login.user, began);
    if (throttled !== undefined) this.#figures.busy += 1;
    const asked = throttled === undefined ? await this.#ask(login) : undefined;
    const decision = asked?.decision ?? refuse(throttled ?? "nobody knows this login");
    const nowMs = Date.now();
    const ms = Math.round(performance.now() - began);
    const about = { user: login.user, host, server: login.server.name, by: asked?.by, ms };
    if (decision.kind === "grant") {
      try {
        const text = signing.grant(request, decision.grant, nowMs);
        this.#figures.granted += 1;
        const { name, account } = decision.grant;
        log.info("granted", { ...about, name, account });
        return text;
      } catch (error) {
        this.#figures.failed += 1;
        log.warn("grant not usable", { ...about, reason: (error as Error).message });
        return signing.refuse(request, "the grant cannot be signed", nowMs);
      }
    }
    const reason = decision.kind === "refuse" ? decision.reason : "nobody knows this login";
    this.#figures.refused += 1;
    if (throttled === undefined) this.#throttle.failed(host, login.user, performance.now());
    log.info("refused", { ...about, reason });
    return signing.refuse(request, reason, nowMs);
  }

  /** The first backend that does not pass decides. */
  async #ask(login: Login): Promise<{ readonly decision: Decision; readonly by?: string }> {
    const { backends, settings, log } = this.#parts;
    const ending = new AbortController();
    this.#figures.underWay += 1;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<"late">((resolve) => {
      timer = setTimeout(() => resolve("late"), settings.limits.timeout);
    });
    let by = "";
    try {
      for (const backend of backends) {
        by = backend.name;
        const decision = await Promise.race([backend.decide(login, ending.signal), late]);
        if (decision === "late") return { decision: refuse("no answer in time"), by };
        if (decision.kind !== "pass") return { decision, by };
      }
      return { decision: refuse("nobody knows this login") };
    } catch (error) {
      this.#figures.failed += 1;
      const code = codeOf(error);
      const { name, message } = error as Error;
      const reason = error instanceof BackendProblem ? message : name;
      log.warn("backend failed", { backend: by, reason, code });
      return { decision: refuse("cannot be decided now"), by };
    } finally {
      clearTimeout(timer);
      ending.abort();
      this.#figures.underWay -= 1;
    }
  }
}

/** Texts of errors may hold what was sent; codes do not. */
function codeOf(error: unknown): string | undefined {
  const { code } = error as { readonly code?: unknown };
  return typeof code === "string" || typeof code === "number" ? String(code) : undefined;
}

function loginOf({ nats }: AuthorizationRequestClaims): Login {
  const { connectOptions: sent, clientInformation: client, clientTls, server } = nats;
  return {
    user: sent.user,
    password: sent.password,
    token: sent.token,
    nkey: sent.nkey,
    jwt: sent.jwt,
    signature: sent.signedNonce,
    nonce: client.nonce,
    clientName: sent.name,
    language: sent.language,
    version: sent.version,
    host: client.host,
    kind: client.kind,
    type: client.type,
    tls: clientTls && {
      version: clientTls.version,
      cipher: clientTls.cipher,
      certificates: [...(clientTls.verifiedChains[0] ?? clientTls.certificates)],
    },
    server: { id: server.id, name: server.name, tags: server.tags },
  };
}
