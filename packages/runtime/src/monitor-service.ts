// Monitoring of one server: the listener, who may ask, and the way of a request (docs/monitor.md).
// Control thread. Reading order: `start`, `#onRequest`, `#answer`. Must stay true: a request never
// throws into the server; pages being made at the same time are few, whoever asks.
import type { IncomingMessage, ServerResponse } from "node:http";
import type { TLSSocket } from "node:tls";
import { LIMITS } from "@weft/base";
import type { MonitoringOptions, ServerOptions } from "@weft/config";
import type { LogSink } from "@weft/logging";
import { countedName, type Page, renderPage, textPage } from "@weft/monitor";
import type { TlsContextOptions } from "@weft/net";
import type { HashPool } from "./hash-pool.ts";
import { sendPage } from "./monitor-answer.ts";
import type { LiveMonitorFacts } from "./monitor-facts.ts";
import { MonitorListener } from "./monitor-listener.ts";
import { MonitorLogins } from "./monitor-login.ts";
import { runSteps, type StepSources } from "./monitor-steps.ts";
import { RenderTurns } from "./render-turns.ts";
import { requestTarget } from "./request-target.ts";

export interface MonitorServiceOptions {
  readonly facts: LiveMonitorFacts;
  readonly sources: StepSources;
  readonly hashes: Pick<HashPool, "compare">;
  readonly log: LogSink;
  /** Reads the certificates of the `tls` block for this listener. */
  loadTls(options: ServerOptions): Promise<TlsContextOptions | undefined>;
}

const ASK_FOR_LOGIN = { "WWW-Authenticate": 'Basic realm="monitoring", charset="UTF-8", Bearer' };
const CLOSE = { Connection: "close" };

export class MonitorService {
  readonly #given: MonitorServiceOptions;
  readonly #logins: MonitorLogins;
  readonly #turns = new RenderTurns(LIMITS.monitorPagesAtOnce);
  /** Requests without an answer, by connection. */
  readonly #waiting = new WeakMap<object, number>();
  #listener: MonitorListener | undefined;
  #monitoring: MonitoringOptions | undefined;
  #isEnding = false;

  constructor(given: MonitorServiceOptions) {
    this.#given = given;
    this.#logins = new MonitorLogins(given.hashes);
  }

  /** Port of the listener; 0 = there is none. */
  get port(): number {
    return this.#listener?.port ?? 0;
  }

  /** `http://host:port`, for the ports file; undefined = there is no listener. */
  get url(): string | undefined {
    const monitoring = this.#monitoring;
    if (this.#listener === undefined || monitoring === undefined) return undefined;
    const host = monitoring.host.includes(":") ? `[${monitoring.host}]` : monitoring.host;
    return `${monitoring.secure ? "https" : "http"}://${host}:${this.port}`;
  }

  /** Listens as `options` say. Throws when it cannot. */
  async start(options: ServerOptions): Promise<void> {
    const { monitoring } = options;
    this.#monitoring = monitoring;
    if (monitoring === undefined) return;
    const { log, loadTls } = this.#given;
    const tls = monitoring.secure ? await loadTls(options) : undefined;
    const onRequest = (request: IncomingMessage, response: ServerResponse): void =>
      this.#onRequest(request, response);
    const listener = new MonitorListener(monitoring, tls, onRequest);
    await listener.listen();
    this.#listener = listener;
    this.#tellPort();
    const { secure, host, login } = monitoring;
    const shown = host.includes(":") ? `[${host}]` : host;
    log.write("info", `Starting ${secure ? "https" : "http"} monitor on ${shown}:${listener.port}`);
    if (login !== undefined && !secure) {
      log.write("warn", "Monitoring login without TLS: passwords and tokens travel in clear");
    }
  }

  /**
   * A reload: listens anew only where host, port or scheme have changed, else takes new certificates
   * and logins. Throws, with the old listener at work, when the new one cannot listen.
   */
  async update(options: ServerOptions): Promise<void> {
    const before = this.#monitoring;
    const after = options.monitoring;
    this.#logins.forget();
    if (before === undefined || after === undefined || !sameListener(before, after)) {
      const old = this.#listener;
      // The same port cannot be had twice: then the old listener goes first.
      const sharesPort = before !== undefined && before.port !== 0 && before.port === after?.port;
      if (sharesPort) await old?.close();
      this.#listener = undefined;
      try {
        await this.start(options);
      } catch (error) {
        this.#listener = sharesPort ? undefined : old;
        this.#monitoring = before;
        if (sharesPort) await this.start({ ...options, monitoring: before });
        throw error;
      }
      if (!sharesPort) await old?.close();
      this.#tellPort();
      return;
    }
    this.#monitoring = after;
    const tls = after.secure ? await this.#given.loadTls(options) : undefined;
    if (tls !== undefined) this.#listener?.renew(tls);
  }

  /** From now on every request is answered 503 (MO-06). */
  refuse(): void {
    this.#isEnding = true;
  }

  async close(): Promise<void> {
    this.#isEnding = true;
    await this.#listener?.close();
    this.#listener = undefined;
  }

  #tellPort(): void {
    const { facts } = this.#given;
    facts.configure({ server: { ...facts.server, monitoringPort: this.port } });
  }

  #onRequest(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request;
    const waiting = (this.#waiting.get(socket) ?? 0) + 1;
    this.#waiting.set(socket, waiting);
    response.once("close", () => this.#waiting.set(socket, (this.#waiting.get(socket) ?? 1) - 1));
    if (waiting > LIMITS.monitorPipelinedMax) {
      socket.destroy();
      return;
    }
    response.on("error", () => undefined);
    this.#answer(request, response).catch((error: unknown) => {
      this.#given.log.write("error", `monitoring: ${(error as Error).message}`);
      if (response.headersSent) response.destroy();
      else void sendPage(response, textPage(500, "Internal Server Error"), CLOSE);
    });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (this.#isEnding) {
      return sendPage(response, textPage(503, "Server is shutting down"), CLOSE);
    }
    const { method } = request;
    if (method !== "GET" && method !== "HEAD") {
      const headers = { ...CLOSE, Allow: "GET, HEAD" };
      return sendPage(response, textPage(405, "Method Not Allowed"), headers);
    }
    const target = requestTarget(request.url ?? "");
    if (target === undefined) return sendPage(response, textPage(400, "400 Bad Request"), CLOSE);
    if (!(await this.#isAdmitted(request, response))) return;
    const { facts, sources } = this.#given;
    const counted = countedName(target.path, this.#monitoring?.basePath ?? "");
    if (counted !== undefined) facts.countRequest(counted);
    const page = await this.#turns.take(() => runSteps(renderPage(target, facts), sources));
    // What was sent along is not read, so the connection cannot go on.
    await sendPage(response, page, hasBody(request) ? CLOSE : {});
  }

  /** Answers itself where the request may not see a page. */
  async #isAdmitted(request: IncomingMessage, response: ServerResponse): Promise<boolean> {
    const login = this.#monitoring?.login;
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
    await sendPage(response, ...refusal);
    return false;
  }
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
