// TLS of one listener on one thread: a `tls.Server` that never listens and is handed sockets. A
// bare TLSSocket would let clients with untrusted certificates pass; the server checks them.
// Owner: the thread that made it. Node's TLS is loaded when the first context is made.
import { constants } from "node:crypto";
import type { Socket } from "node:net";
import type { Server, TLSSocket, TlsOptions } from "node:tls";
import { socketUnder, TRANSPORT } from "./socket-access.ts";
import { dnsNames } from "./tls-facts.ts";
import {
  HANDSHAKE_WINDOW_MS,
  HandshakeRate,
  type HandshakeRateOptions,
} from "./tls-handshake-rate.ts";

/** PEM of a certificate chain and of its key. */
export interface CertificatePair {
  readonly certificate: string;
  readonly key: string;
}

/**
 * Offered in TLS 1.3 whatever is configured: the reference does not let them be chosen. The shorter
 * key first, as the reference: it is beyond attack too, and costs less (bench group `tls`).
 */
const TLS13_SUITES = [
  "TLS_AES_128_GCM_SHA256",
  "TLS_AES_256_GCM_SHA384",
  "TLS_CHACHA20_POLY1305_SHA256",
];

const DEFAULT_SUITES = [
  "ECDHE-ECDSA-AES128-GCM-SHA256",
  "ECDHE-RSA-AES128-GCM-SHA256",
  "ECDHE-ECDSA-AES256-GCM-SHA384",
  "ECDHE-RSA-AES256-GCM-SHA384",
  "ECDHE-ECDSA-CHACHA20-POLY1305",
  "ECDHE-RSA-CHACHA20-POLY1305",
  // Last: for clients that know nothing better, as in the reference.
  "ECDHE-ECDSA-AES128-SHA",
  "ECDHE-RSA-AES128-SHA",
  "ECDHE-ECDSA-AES256-SHA",
  "ECDHE-RSA-AES256-SHA",
];

/** Plain data, so that it can be cloned to the workers. */
export interface TlsContextOptions {
  /** Chains and keys (TL-02); the first is the default, others are chosen by name (TL-03). */
  readonly certificates: readonly CertificatePair[];
  /**
   * PEM of the authorities that client certificates must come from; undefined = those of the thread,
   * see `useSystemAuthorities`.
   */
  readonly authorities?: string | undefined;
  /** TL-04: a verified client certificate is required. */
  readonly verifyClients: boolean;
  /** TL-08. */
  readonly minVersion: "1.2" | "1.3";
  /** OpenSSL's names (TL-07); undefined = all that the reference calls secure (TL-09). */
  readonly ciphers?: readonly string[] | undefined;
  /** OpenSSL's names (TL-07). */
  readonly curves?: readonly string[] | undefined;
  /** TL-13: hexadecimal SHA-256 of the public keys that clients may have; empty = any. */
  readonly pinnedKeys: readonly string[];
  /** TL-06. From `startTls` to the end of the handshake. */
  readonly handshakeTimeoutMs: number;
  /** 48 random bytes, the same on all threads, so that any of them can resume a session. */
  readonly ticketKeys: Uint8Array;
  /** Tickets of one context are not good for another: at most 32 bytes, one per listener. */
  readonly sessionContext: string;
  /** Sent in clear to a peer whose first byte is no TLS record, then the connection ends (CP-93). */
  readonly clearRefusal?: string | undefined;
  /** TL-12; undefined = as many as come. */
  readonly handshakeRate?: HandshakeRateOptions | undefined;
  /** Sent in clear to a peer that is one too many, then the connection ends (CP-94). */
  readonly rateRefusal?: string | undefined;
}

export class TlsContext {
  readonly handshakeTimeoutMs: number;
  readonly clearRefusal: Buffer | undefined;
  readonly rateRefusal: Buffer | undefined;
  readonly #server: Server;
  readonly #pinnedKeys: readonly string[];
  readonly #rate: HandshakeRate | undefined;
  readonly #onRejected: ((count: number) => void) | undefined;

  /**
   * Throws when a certificate, key or name is not usable, or there is no certificate. `onRejected`
   * hears, at most once a second, how many connections were one too many on all threads (TL-12).
   */
  constructor(options: TlsContextOptions, onRejected?: (count: number) => void) {
    this.handshakeTimeoutMs = options.handshakeTimeoutMs;
    this.clearRefusal = latin1(options.clearRefusal);
    this.rateRefusal = latin1(options.rateRefusal);
    this.#pinnedKeys = options.pinnedKeys;
    this.#rate = options.handshakeRate && new HandshakeRate(options.handshakeRate);
    this.#onRejected = onRejected;
    const [first, ...others] = options.certificates;
    if (first === undefined) throw new Error("TLS needs a certificate");
    // Only where they are needed: OpenSSL adds those that signed the own certificate to what is sent, and
    // a client that does not know them says something else than with nats-server.
    const authorities = options.verifyClients ? options.authorities : undefined;
    const told = { ...options, authorities };
    this.#server = process.getBuiltinModule("node:tls").createServer(tlsServerOptions(told, first));
    for (const pair of others) {
      for (const name of certificateNames(pair)) {
        this.#server.addContext(name, tlsServerOptions(told, pair));
      }
    }
    this.#server.on("secureConnection", (secure: TLSSocket) => this.#secured(secure));
    this.#server.on("tlsClientError", onHandshakeError);
  }

  /** TL-12. Asked once per connection, when its handshake is due; false = it is one too many. */
  admitsHandshake(): boolean {
    const rate = this.#rate;
    if (rate === undefined || rate.admits(processMs())) return true;
    if (rate.countRejected()) setTimeout(reportRejected, HANDSHAKE_WINDOW_MS, this).unref();
    return false;
  }

  reportRejected(): void {
    const count = this.#rate?.takeRejected() ?? 0;
    if (count > 0) this.#onRejected?.(count);
  }

  /** Starts the handshake on a socket of a transport, which hears of its end. */
  accept(socket: Socket): void {
    this.#server.emit("connection", socket);
  }

  #secured(secure: TLSSocket): void {
    const transport = socketUnder(secure)?.[TRANSPORT];
    if (transport === undefined) secure.destroy();
    else if (isPinned(secure, this.#pinnedKeys)) transport.secured(secure);
    else transport.handshakeFailed("client certificate is not pinned");
  }
}

/** TL-13. The peer's certificate is among the pinned ones; true where none are pinned. */
export function isPinned(secure: TLSSocket, pinnedKeys: readonly string[]): boolean {
  if (pinnedKeys.length === 0) return true;
  const digest = keyDigest(secure);
  return digest !== undefined && pinnedKeys.includes(digest);
}

function reportRejected(context: TlsContext): void {
  context.reportRejected();
}

/** Whole milliseconds of the clock that all threads share. */
function processMs(): number {
  return Number(process.hrtime.bigint() / 1_000_000n);
}

function latin1(text: string | undefined): Buffer | undefined {
  return text === undefined ? undefined : Buffer.from(text, "latin1");
}

/** What Node's TLS is told for one certificate of a listener. */
export function tlsServerOptions(options: TlsContextOptions, pair: CertificatePair): TlsOptions {
  const { authorities, curves } = options;
  return {
    cert: pair.certificate,
    key: pair.key,
    ...(authorities === undefined ? {} : { ca: authorities }),
    requestCert: options.verifyClients,
    rejectUnauthorized: options.verifyClients,
    minVersion: options.minVersion === "1.3" ? "TLSv1.3" : "TLSv1.2",
    ciphers: [...new Set([...TLS13_SUITES, ...(options.ciphers ?? DEFAULT_SUITES)])].join(":"),
    ...(curves === undefined ? {} : { ecdhCurve: curves.join(":") }),
    honorCipherOrder: true,
    // As the reference: TLS 1.2 clients could make the server repeat its costly part for ever.
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
    ticketKeys: Buffer.from(options.ticketKeys),
    sessionIdContext: options.sessionContext,
    // The transport has its own deadline: Node's starts anew with every byte that trickles in.
    handshakeTimeout: options.handshakeTimeoutMs * 2,
  };
}

/** DNS names that a further certificate is for. */
export function certificateNames(pair: CertificatePair): readonly string[] {
  const { X509Certificate } = process.getBuiltinModule("node:crypto");
  const certificate = new X509Certificate(pair.certificate);
  return dnsNames(certificate.subjectAltName);
}

function keyDigest(secure: TLSSocket): string | undefined {
  const key = secure.getPeerX509Certificate()?.publicKey;
  if (key === undefined) return undefined;
  const { createHash } = process.getBuiltinModule("node:crypto");
  return createHash("sha256")
    .update(key.export({ type: "spki", format: "der" }))
    .digest("hex");
}

function onHandshakeError(error: Error & { readonly code?: string }, secure: TLSSocket): void {
  const detail = (secure.authorizationError as unknown as string | null) ?? error.message;
  const transport = socketUnder(secure)?.[TRANSPORT];
  transport?.handshakeFailed(String(detail));
  secure.destroy();
}
