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
import { isPinned, type TlsContextOptions } from "@weft/net";
import type { HashPool } from "./hash-pool.ts";
import { sendPage, sendText } from "./monitor-answer.ts";
import type { LiveMonitorFacts } from "./monitor-facts.ts";
import { MonitorListener } from "./monitor-listener.ts";
import { MonitorLogins } from "./monitor-login.ts";
import { runSteps, type StepSources } from "./monitor-steps.ts";
import { type MadePage, PageMaker } from "./page-maker.ts";
import type { RenderTurns } from "./render-turns.ts";
import { requestTarget } from "./request-target.ts";
import type { PreparedPart } from "./runtime.ts";

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
const ENDING = "Server is shutting down";
/** Small, and cheap to make. */
const HEALTH = "/healthz";
const CLOSE = { Connection: "close" };

/** A listener with the options that it was opened with, or that a reload gave it since. */
interface OpenListener {
  readonly socket: MonitorListener;
  /** Before that, of a reload that may yet be refused, it shows nothing. */
  isServing: boolean;
  rules: MonitoringOptions;
  /** Undefined = HTTP. */
  tls: TlsContextOptions | undefined;
}

export class MonitorService {
  readonly #given: MonitorServiceOptions;
  readonly #logins: MonitorLogins;
  readonly #pages: PageMaker;
  /** Requests without an answer, by connection. */
  readonly #waiting = new WeakMap<object, number>();
  #listener: OpenListener | undefined;
  /** Of a reload that is neither taken over nor refused yet. */
  #next: OpenListener | undefined;
  /** Listening of a reload that is under way. */
  #opening: Promise<unknown> = Promise.resolve();
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
    if (monitoring === undefined) return;
    this.#listener = await this.#open(monitoring, options);
    this.#listener.isServing = true;
    this.#announce();
  }

  /**
   * A reload (RL-12): new certificates and rules, or another listener where host, port, scheme or the
   * wish for a client's certificate change. The same port cannot be had twice: there the old listener
   * goes first, and comes back if the new one cannot listen or the reload is refused elsewhere. Until
   * the commit the old one works by its own rules, and the new one answers 503. Throws with the old one
   * at work.
   */
  async prepare(options: ServerOptions): Promise<PreparedPart> {
    const old = this.#listener;
    const rules = options.monitoring;
    if (old !== undefined && rules !== undefined && sameListener(old.rules, rules)) {
      const tls = rules.secure ? await this.#given.loadTls(options) : undefined;
      return { commit: () => this.#renew(old, rules, tls) };
    }
    const { port } = old?.rules ?? {};
    const sharesPort = port !== undefined && port !== 0 && port === rules?.port;
    const former = sharesPort ? old : undefined;
    if (sharesPort) await this.#closeListener();
    let next: OpenListener | undefined;
    try {
      next = rules === undefined ? undefined : await this.#open(rules, options);
    } catch (error) {
      await this.#reopen(former);
      throw error;
    }
    const commit = (): void => {
      if (!sharesPort) void old?.socket.close();
      this.#next = undefined;
      this.#listener = next;
      this.#logins.forget();
      if (next === undefined) {
        this.#tellPort();
        return;
      }
      next.isServing = true;
      this.#announce();
    };
    const abandon = async (): Promise<void> => {
      this.#next = undefined;
      await next?.socket.close();
      await this.#reopen(former);
    };
    this.#next = next;
    return { commit, abandon };
  }

  #renew(
    listener: OpenListener,
    rules: MonitoringOptions,
    tls: TlsContextOptions | undefined,
  ): void {
    if (tls !== undefined) {
      listener.socket.renew(tls, tls.authorities !== listener.tls?.authorities);
    }
    listener.rules = rules;
    listener.tls = tls;
    this.#logins.forget();
  }

  /** As it was; never rejects. */
  async #reopen(former: OpenListener | undefined): Promise<void> {
    if (former === undefined || this.#isEnding) return;
    try {
      this.#listener = await this.#listen(former.rules, former.tls);
      this.#listener.isServing = true;
    } catch (error) {
      if (this.#isEnding) return;
      this.#given.log.write("error", `Monitoring is gone: ${(error as Error).message}`);
    }
    this.#tellPort();
  }

  #announce(): void {
    this.#tellPort();
    const rules = this.#listener?.rules;
    if (rules === undefined) return;
    const { log } = this.#given;
    const place = `${shownHost(rules)}:${this.port}`;
    log.write("info", `Starting ${rules.secure ? "https" : "http"} monitor on ${place}`);
    if (rules.login !== undefined && !rules.secure) {
      log.write("warn", "Monitoring login without TLS: passwords and tokens travel in clear");
    }
  }

  /** From now on every request is answered 503 (MO-06). */
  refuse(): void {
    this.#isEnding = true;
  }

  async close(): Promise<void> {
    this.#isEnding = true;
    await this.#opening;
    await this.#next?.socket.close();
    await this.#closeListener();
  }

  async #closeListener(): Promise<void> {
    const listener = this.#listener;
    this.#listener = undefined;
    await listener?.socket.close();
  }

  async #open(rules: MonitoringOptions, options: ServerOptions): Promise<OpenListener> {
    const tls = rules.secure ? await this.#given.loadTls(options) : undefined;
    return this.#listen(rules, tls);
  }

  async #listen(
    rules: MonitoringOptions,
    tls: TlsContextOptions | undefined,
  ): Promise<OpenListener> {
    if (this.#isEnding) throw new Error(ENDING);
    const socket = new MonitorListener(rules, tls, (request, response) =>
      this.#onRequest(request, response, listener),
    );
    const listener: OpenListener = { socket, isServing: false, rules, tls };
    const listening = socket.listen();
    this.#opening = listening.catch(() => undefined);
    await listening;
    if (this.#isEnding) {
      await socket.close();
      throw new Error(ENDING);
    }
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
    this.#answer(request, response, listener).catch((error: unknown) => {
      this.#given.log.write("error", `monitoring: ${(error as Error).message}`);
      if (response.headersSent) response.destroy();
      else sendText(response, textPage(500, "Internal Server Error"), CLOSE);
    });
  }

  async #answer(
    request: IncomingMessage,
    response: ServerResponse,
    listener: OpenListener,
  ): Promise<void> {
    const { rules } = listener;
    if (this.#isEnding) {
      return sendText(response, textPage(503, ENDING), CLOSE);
    }
    if (!listener.isServing) {
      return sendText(response, textPage(503, "Server is reloading"), { "Retry-After": "1" });
    }
    const { method, socket } = request;
    if (method !== "GET" && method !== "HEAD") {
      const headers = { ...CLOSE, Allow: "GET, HEAD" };
      return sendText(response, textPage(405, "Method Not Allowed"), headers);
    }
    const target = requestTarget(request.url ?? "");
    if (target === undefined) return sendText(response, textPage(400, "400 Bad Request"), CLOSE);
    if (!(await this.#isAdmitted(request, response, listener))) return;
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
    { rules: { login }, tls, socket: server }: OpenListener,
  ): Promise<boolean> {
    if (login === undefined) return true;
    const { socket } = request;
    const isJudged = server.isJudged(socket);
    const shown = {
      authorization: request.headers.authorization,
      certificate: isJudged && isKnownPeer(socket as TLSSocket, tls?.pinnedKeys ?? []),
    };
    const answer = await this.#logins.check(login, shown, socket.remoteAddress ?? "");
    if (answer.kind === "granted") return true;
    const refusal: [Page, Readonly<Record<string, string>>] =
      answer.kind === "denied"
        ? [textPage(401, "Unauthorized"), isJudged ? ASK_FOR_LOGIN : { ...ASK_FOR_LOGIN, ...CLOSE }]
        : [textPage(answer.status, "Try again later"), { "Retry-After": String(answer.seconds) }];
    sendText(response, ...refusal);
    return false;
  }
}

/** It has shown a certificate of a known authority, and one of the pinned ones where there are any. */
function isKnownPeer(socket: TLSSocket, pinnedKeys: readonly string[]): boolean {
  return socket.authorized === true && isPinned(socket, pinnedKeys);
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
