// Monitoring of one server: the listener, who may ask, and the way of a request (docs/monitor.md).
// Control thread. Reading order: `start`, `#onRequest`, `#answer`. Must stay true: a request never
// throws into the server; pages being made, and their bytes that wait for readers, are bounded; a
// request is judged by the rules of the listener that took it.
import type { IncomingMessage, ServerResponse } from "node:http";
import type { TLSSocket } from "node:tls";
import { LIMITS, networkOf } from "@weft/base";
import type { MonitoringOptions, ServerOptions } from "@weft/config";
import type { LogSink } from "@weft/logging";
import {
  countedName,
  PAGE_TOO_LARGE,
  type Page,
  type PageRequest,
  pageBytes,
  renderPage,
  textPage,
} from "@weft/monitor";
import type { TlsContextOptions } from "@weft/net";
import type { HashPool } from "./hash-pool.ts";
import { sendPage, sendText } from "./monitor-answer.ts";
import type { LiveMonitorFacts } from "./monitor-facts.ts";
import { MonitorListener } from "./monitor-listener.ts";
import { MonitorLogins } from "./monitor-login.ts";
import { runSteps, type StepSources } from "./monitor-steps.ts";
import { type MadePage, PageMaker } from "./page-maker.ts";
import type { RenderTurns } from "./render-turns.ts";
import { requestTarget } from "./request-target.ts";

export interface MonitorServiceOptions {
  readonly facts: LiveMonitorFacts;
  readonly sources: StepSources;
  readonly turns: RenderTurns;
  readonly hashes: Pick<HashPool, "compare">;
  readonly log: LogSink;
  /** Reads the certificates of the `tls` block for this listener. */
  loadTls(options: ServerOptions): Promise<TlsContextOptions | undefined>;
}

const ASK_FOR_LOGIN = { "WWW-Authenticate": 'Basic realm="monitoring", charset="UTF-8", Bearer' };
/** Small, and cheap to make. */
const HEALTH = "/healthz";
const CLOSE = { Connection: "close" };

/** A listener with the options that it was opened with, or that a reload gave it since. */
interface OpenListener {
  readonly socket: MonitorListener;
  rules: MonitoringOptions;
}

export class MonitorService {
  readonly #given: MonitorServiceOptions;
  readonly #logins: MonitorLogins;
  readonly #pages: PageMaker;
  /** Requests without an answer, by connection. */
  readonly #waiting = new WeakMap<object, number>();
  #listener: OpenListener | undefined;
  #isEnding = false;

  constructor(given: MonitorServiceOptions) {
    this.#given = given;
    this.#logins = new MonitorLogins(given.hashes);
    this.#pages = new PageMaker(given.turns);
  }

  /** Port of the listener; 0 = there is none. */
  get port(): number {
    return this.#listener?.socket.port ?? 0;
  }

  /** `http://host:port`, for the ports file; undefined = there is no listener. */
  get url(): string | undefined {
    const rules = this.#listener?.rules;
    if (rules === undefined) return undefined;
    return `${rules.secure ? "https" : "http"}://${shownHost(rules)}:${this.port}`;
  }

  /** Listens as `options` say. Throws when it cannot. */
  async start(options: ServerOptions): Promise<void> {
    const { monitoring } = options;
    this.#listener = monitoring === undefined ? undefined : await this.#open(monitoring, options);
    if (monitoring === undefined) return;
    this.#tellPort();
    const { log } = this.#given;
    const { secure, login } = monitoring;
    const place = `${shownHost(monitoring)}:${this.port}`;
    log.write("info", `Starting ${secure ? "https" : "http"} monitor on ${place}`);
    if (login !== undefined && !secure) {
      log.write("warn", "Monitoring login without TLS: passwords and tokens travel in clear");
    }
  }

  /**
   * A reload: listens anew only where host, port or scheme have changed, else takes new certificates
   * and logins. Throws, with the old listener at work, when the new one cannot listen. Until the new
   * one listens, the old one works by its own rules.
   */
  async update(options: ServerOptions): Promise<void> {
    const old = this.#listener;
    const before = old?.rules;
    const after = options.monitoring;
    if (old !== undefined && after !== undefined && sameListener(old.rules, after)) {
      const tls = after.secure ? await this.#given.loadTls(options) : undefined;
      if (tls !== undefined) old.socket.renew(tls);
      old.rules = after;
      this.#logins.forget();
      return;
    }
    // The same port cannot be had twice: then the old listener goes first.
    const sharesPort = before !== undefined && before.port !== 0 && before.port === after?.port;
    if (sharesPort) await this.#closeListener();
    try {
      await this.start(options);
    } catch (error) {
      if (sharesPort) await this.start({ ...options, monitoring: before });
      throw error;
    }
    if (!sharesPort) await old?.socket.close();
    this.#logins.forget();
    this.#tellPort();
  }

  /** From now on every request is answered 503 (MO-06). */
  refuse(): void {
    this.#isEnding = true;
  }

  async close(): Promise<void> {
    this.#isEnding = true;
    await this.#closeListener();
  }

  async #closeListener(): Promise<void> {
    const listener = this.#listener;
    this.#listener = undefined;
    await listener?.socket.close();
  }

  async #open(rules: MonitoringOptions, options: ServerOptions): Promise<OpenListener> {
    const tls = rules.secure ? await this.#given.loadTls(options) : undefined;
    const socket = new MonitorListener(rules, tls, (request, response) =>
      this.#onRequest(request, response, listener),
    );
    const listener: OpenListener = { socket, rules };
    await socket.listen();
    return listener;
  }

  #tellPort(): void {
    const { facts } = this.#given;
    facts.configure({ server: { ...facts.server, monitoringPort: this.port } });
  }

  #onRequest(request: IncomingMessage, response: ServerResponse, listener: OpenListener): void {
    const { socket } = request;
    const waiting = (this.#waiting.get(socket) ?? 0) + 1;
    this.#waiting.set(socket, waiting);
    response.once("close", () => this.#waiting.set(socket, (this.#waiting.get(socket) ?? 1) - 1));
    if (waiting > LIMITS.monitorPipelinedMax) {
      socket.destroy();
      return;
    }
    response.on("error", () => undefined);
    this.#answer(request, response, listener.rules).catch((error: unknown) => {
      this.#given.log.write("error", `monitoring: ${(error as Error).message}`);
      if (response.headersSent) response.destroy();
      else sendText(response, textPage(500, "Internal Server Error"), CLOSE);
    });
  }

  async #answer(
    request: IncomingMessage,
    response: ServerResponse,
    rules: MonitoringOptions,
  ): Promise<void> {
    if (this.#isEnding) {
      return sendText(response, textPage(503, "Server is shutting down"), CLOSE);
    }
    const { method, socket } = request;
    if (method !== "GET" && method !== "HEAD") {
      const headers = { ...CLOSE, Allow: "GET, HEAD" };
      return sendText(response, textPage(405, "Method Not Allowed"), headers);
    }
    const target = requestTarget(request.url ?? "");
    if (target === undefined) return sendText(response, textPage(400, "400 Bad Request"), CLOSE);
    if (!(await this.#isAdmitted(request, response, rules))) return;
    const { facts } = this.#given;
    const counted = countedName(target.path, rules.basePath);
    if (counted !== undefined) facts.countRequest(counted);
    const make = (): Promise<MadePage> => this.#make(target, rules);
    // Who did not wait for his turn gets no page.
    const asker = {
      address: networkOf(socket.remoteAddress ?? ""),
      isGone: () => socket.destroyed,
      cut: () => void socket.destroy(),
    };
    // Who asks whether the server lives must not wait for readers of other pages.
    const finished = await (counted === HEALTH
      ? this.#pages.makeNow(make)
      : this.#pages.make(make, asker));
    if (finished === undefined) {
      return sendText(response, textPage(503, "Too many requests wait"), { "Retry-After": "1" });
    }
    // What was sent along is not read, so the connection cannot go on.
    await sendPage(response, finished, hasBody(request) ? CLOSE : {});
  }

  async #make(target: PageRequest, rules: MonitoringOptions): Promise<MadePage> {
    const { facts, sources } = this.#given;
    let page = await runSteps(renderPage(target, facts, rules.basePath), sources);
    let made = await runSteps(pageBytes(page.body, LIMITS.monitorPageBytesMax), sources);
    if (made === undefined) {
      page = textPage(400, PAGE_TOO_LARGE);
      const piece = Buffer.from(PAGE_TOO_LARGE);
      made = { pieces: [piece], bytes: piece.length };
    }
    return { page, ...made };
  }

  /** Answers itself where the request may not see a page. */
  async #isAdmitted(
    request: IncomingMessage,
    response: ServerResponse,
    { login }: MonitoringOptions,
  ): Promise<boolean> {
    if (login === undefined) return true;
    const { socket } = request;
    const shown = {
      authorization: request.headers.authorization,
      certificate: (socket as Partial<TLSSocket>).authorized === true,
    };
    const answer = await this.#logins.check(login, shown, socket.remoteAddress ?? "");
    if (answer.kind === "granted") return true;
    const refusal: [Page, Readonly<Record<string, string>>] =
      answer.kind === "denied"
        ? [textPage(401, "Unauthorized"), ASK_FOR_LOGIN]
        : [textPage(answer.status, "Try again later"), { "Retry-After": String(answer.seconds) }];
    sendText(response, ...refusal);
    return false;
  }
}

/** As it stands in an address. */
function shownHost({ host }: MonitoringOptions): string {
  return host.includes(":") ? `[${host}]` : host;
}

function sameListener(one: MonitoringOptions, other: MonitoringOptions): boolean {
  const asksCertificate = ({ login }: MonitoringOptions): boolean =>
    login?.clientCertificate === true;
  return (
    one.host === other.host &&
    one.port === other.port &&
    one.secure === other.secure &&
    asksCertificate(one) === asksCertificate(other)
  );
}

function hasBody({ headers }: IncomingMessage): boolean {
  const length = headers["content-length"];
  return (length !== undefined && length !== "0") || headers["transfer-encoding"] !== undefined;
}
