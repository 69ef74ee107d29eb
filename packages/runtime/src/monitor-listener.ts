// The socket of the monitoring port: HTTP or HTTPS, with bounds on everything that a stranger can
// send or refuse to take (attack 20). Control thread. Must stay true: one address leaves room for
// others; after `close` no connection of it is left.
import { X509Certificate } from "node:crypto";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createServer as createSecureServer, type Server as SecureServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { createSecureContext, type SecureContext } from "node:tls";
import { LIMITS } from "@weft/base";
import type { MonitoringOptions } from "@weft/config";
import { type TlsContextOptions, tlsServerOptions } from "@weft/net";
import { MonitorConnections } from "./monitor-connections.ts";

/** An import of it would load all that it names, `fetch` among it: 4 MB and 50 ms of the start. */
const { createServer } = process.getBuiltinModule("node:http");

/** Idle connections make room from this many on. */
const CROWDED = Math.ceil(LIMITS.monitorConnectionsMax * 0.75);
const HEADERS_MAX = 64;
/** By the code of Node's error; all others are bad requests. */
const REFUSALS: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: "431 Request Header Fields Too Large",
  HPE_CHUNK_EXTENSIONS_OVERFLOW: "413 Payload Too Large",
  ERR_HTTP_REQUEST_TIMEOUT: "408 Request Timeout",
};

const BY_DNS_NAMES = { subject: "never" } as const;

/** Of a further certificate. */
interface NamedContext {
  readonly certificate: X509Certificate;
  readonly context: SecureContext;
}

export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => void;

export class MonitorListener {
  readonly #server: Server | SecureServer;
  /** Chosen by the name that the client asks for, before the first one. */
  #named: readonly NamedContext[];
  readonly #monitoring: MonitoringOptions;
  readonly #connections = new MonitorConnections();
  /** Answered already; what they still send is not looked at. */
  readonly #refused = new WeakSet<Duplex>();

  /** `tls`: for HTTPS; throws when there is none. Who takes nothing for `stalledMs` is cut. */
  constructor(
    monitoring: MonitoringOptions,
    tls: TlsContextOptions | undefined,
    onRequest: RequestHandler,
    stalledMs: number = LIMITS.monitorStalledMs,
  ) {
    this.#monitoring = monitoring;
    this.#named = namedContexts(tls);
    this.#server = serverFor(monitoring, tls, (name) => contextFor(name, this.#named));
    const server = this.#server;
    server.maxConnections = LIMITS.monitorConnectionsMax;
    server.maxHeadersCount = HEADERS_MAX;
    server.timeout = stalledMs;
    server.on("request", (request, response) => {
      this.#connections.asked(request.socket, response);
      onRequest(request, response);
    });
    server.on("connection", (socket: Socket) => this.#opened(socket));
    server.on("clientError", (error: NodeJS.ErrnoException, socket: Duplex) =>
      this.#refuse(error, socket),
    );
    server.on("connect", (_request: IncomingMessage, socket: Duplex) => this.#refuseTunnel(socket));
  }

  /** 0 before `listen`. */
  get port(): number {
    return (this.#server.address() as AddressInfo | null)?.port ?? 0;
  }

  /** Rejects with the reference's words. */
  listen(): Promise<void> {
    const { host, port } = this.#monitoring;
    return new Promise((resolve, reject) => {
      const onError = (error: Error): void =>
        reject(new Error(`can't listen to the monitor port: ${error.message}`));
      this.#server.once("error", onError);
      this.#server.listen({ host, port }, () => {
        this.#server.off("error", onError);
        // A fault of one connection is that connection's end, not the server's.
        this.#server.on("error", () => undefined);
        resolve();
      });
    });
  }

  /**
   * New certificates for new connections. `authoritiesChanged`: what the handshakes of open connections
   * made of their clients' certificates counts no more.
   */
  renew(tls: TlsContextOptions, authoritiesChanged: boolean): void {
    if (!("setSecureContext" in this.#server)) return;
    if (authoritiesChanged) {
      this.#connections.forgetJudgements();
      this.#server.closeIdleConnections();
    }
    const [first] = tls.certificates;
    if (first === undefined) return;
    this.#server.setSecureContext(tlsServerOptions(tls, first));
    this.#named = namedContexts(tls);
  }

  /** What the handshake of this connection made of its client's certificate counts. */
  isJudged(socket: Socket): boolean {
    return this.#connections.isJudged(socket);
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
      // It does not know those in the middle of TLS, or who asked for a tunnel.
      this.#connections.destroyAll();
    });
  }

  /**
   * Whoever asks for a tunnel gets the answer of a page that is not there for that method. The server
   * has let go of the socket: its errors and its end are ours alone, and nobody goes on with a page
   * that is not all written yet.
   */
  #refuseTunnel(socket: Duplex): void {
    const answers = this.#connections.answers(socket as Socket);
    const isInOrder = answers.every((one) => one.writableEnded && one.socket !== null);
    if (isInOrder) this.#turnAway(socket, "405 Method Not Allowed");
    else socket.destroy();
  }

  /** What came is no request, or not all of one. */
  #refuse(error: NodeJS.ErrnoException, socket: Duplex): void {
    if (this.#refused.has(socket)) return;
    if (!socket.writable || error.code === "ECONNRESET") {
      socket.destroy();
      return;
    }
    this.#refused.add(socket);
    const status = REFUSALS[error.code ?? ""] ?? "400 Bad Request";
    // The answer to a request that is not all there, and has none yet, is this one.
    const earlier = this.#connections
      .answers(socket as Socket)
      .filter(({ req, headersSent }) => req.complete || headersSent);
    let waiting = earlier.length;
    if (waiting === 0) this.#turnAway(socket, status);
    for (const answer of earlier) {
      answer.once("close", () => {
        waiting -= 1;
        // Not where one of them has ended the connection.
        if (waiting === 0 && socket.writable) this.#turnAway(socket, status);
      });
    }
  }

  /**
   * Whoever is still sending reads the answer only if the connection is not reset before: so what
   * comes is dropped for a while.
   */
  #turnAway(socket: Duplex, status: string): void {
    this.#refused.add(socket);
    socket.on("error", () => undefined);
    socket.resume();
    socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`);
    const timer = setTimeout(() => socket.destroy(), LIMITS.monitorLingerMs);
    socket.once("close", () => clearTimeout(timer));
  }

  #opened(socket: Socket): void {
    if (!this.#connections.opened(socket)) return;
    // Each of the requests that may wait on it listens to its end.
    socket.setMaxListeners(4 * LIMITS.monitorPipelinedMax);
    if (this.#connections.count >= CROWDED) this.#server.closeIdleConnections();
  }
}

function serverFor(
  { secure, login }: MonitoringOptions,
  tls: TlsContextOptions | undefined,
  contextOf: (name: string) => SecureContext | undefined,
): Server | SecureServer {
  const bounds = {
    maxHeaderSize: LIMITS.monitorHeaderBytesMax,
    headersTimeout: LIMITS.monitorHeadersTimeoutMs,
    requestTimeout: LIMITS.monitorHeadersTimeoutMs,
    keepAliveTimeout: LIMITS.monitorKeepAliveMs,
    connectionsCheckingInterval: 1_000,
  };
  if (!secure) return createServer(bounds);
  const [first] = tls?.certificates ?? [];
  if (tls === undefined || first === undefined) {
    throw new Error("TLS cert and key required for HTTPS");
  }
  return createSecureServer({
    ...tlsServerOptions(tls, first),
    ...bounds,
    handshakeTimeout: LIMITS.monitorHeadersTimeoutMs,
    // As in the reference nobody is asked for a certificate, unless it is a way to log in.
    requestCert: login?.clientCertificate === true,
    rejectUnauthorized: false,
    // Not `addContext`: what was added there stays, with authorities that a reload took out.
    SNICallback: (name, done) => done(null, contextOf(name)),
  });
}

function namedContexts(tls: TlsContextOptions | undefined): NamedContext[] {
  if (tls === undefined) return [];
  return tls.certificates.slice(1).map((pair) => ({
    certificate: new X509Certificate(pair.certificate),
    context: createSecureContext(tlsServerOptions(tls, pair)),
  }));
}

/** The last one that is for this name, as for clients; undefined = the first certificate. */
function contextFor(name: string, named: readonly NamedContext[]): SecureContext | undefined {
  const found = named.findLast(({ certificate }) => certificate.checkHost(name, BY_DNS_NAMES));
  return found?.context;
}
