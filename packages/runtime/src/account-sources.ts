// Where the tokens of accounts come from, as the options say: memory, a URL, a directory (AC-80 to
// AC-84). Control thread. Must stay true: what a start needs is there, or the start fails with a text.

import { randomInt } from "node:crypto";
import { createPrng } from "@weft/base";
import type { OperatorOptions, TlsOptions } from "@weft/config";
import {
  AccountSource,
  DirectoryHost,
  type DirectoryHostPorts,
  JwtDirectory,
  nodeFileSystem,
  UrlFetcher,
  type UrlTlsOptions,
} from "@weft/jwt-store";
import { systemAuthorities } from "@weft/net";
import type { TokenReader } from "@weft/operator";
import {
  CLAIM_SUBSCRIPTIONS,
  type ClaimRequest,
  type ClaimSubscription,
  handleUpdate,
  type Now,
  RESOLVER_LIMITS,
  type ResolverOptions,
} from "@weft/resolver";
import { readCertificateFiles } from "./certificate-files.ts";
import type { ClaimReplies } from "./operator-parts.ts";

export interface SourceEvents {
  readonly log: DirectoryHostPorts["log"];
  readonly reader: TokenReader;
  /** Public key; "" = there is none. */
  readonly systemAccount: string;
  replies(): ClaimReplies | undefined;
  isLoaded(key: string): boolean;
  /** Another token for an account. */
  changed(key: string, text: string): void;
  deleted(key: string): void;
}

function now(): Now {
  return { monotonicMs: performance.now(), unixMs: Date.now() };
}

export class AccountSources {
  readonly #options: OperatorOptions;
  readonly #events: SourceEvents;
  readonly #directory: DirectoryHost | undefined;
  readonly #url: UrlFetcher | undefined;
  readonly #source: AccountSource;

  constructor(options: OperatorOptions, events: SourceEvents) {
    this.#options = options;
    this.#events = events;
    const { resolver } = options;
    const { reader } = events;
    if (resolver?.type === "url") {
      const { url, timeoutMs } = resolver;
      this.#url = new UrlFetcher({ url, timeoutMs, tls: urlTls(options.resolverTls) });
    } else if (resolver !== undefined && resolver.type !== "memory") {
      this.#directory = this.#createDirectory(resolver);
    }
    const hasDirectory = this.#directory !== undefined;
    const remote = this.#url === undefined ? "none" : "url";
    const timeoutMs =
      resolver?.type === "url" ? resolver.timeoutMs : RESOLVER_LIMITS.fetchTimeoutMs;
    this.#source = new AccountSource(
      { reader, now, directory: this.#directory, url: this.#url },
      { hasDirectory, remote, timeoutMs },
    );
  }

  /** What is asked for in the system account. */
  get subscriptions(): readonly ClaimSubscription[] {
    const { resolver } = this.#options;
    return resolver === undefined ? [] : CLAIM_SUBSCRIPTIONS[resolver.type];
  }

  /** Throws when accounts cannot be had from where the options say. */
  async open(): Promise<void> {
    const fault = await this.#url?.check();
    if (fault !== undefined) throw new Error(fault);
    await this.#directory?.start();
    this.preload(this.#options.preloads);
    await this.#directory?.settled();
  }

  /** AC-80: tokens of the configuration. */
  preload(preloads: OperatorOptions["preloads"]): void {
    for (const [key, text] of Object.entries(preloads)) {
      if (this.#directory === undefined) this.#source.preload(key, text);
      else this.#directory.keep(text);
    }
  }

  /** The token of an account; never rejects. */
  async find(key: string): ReturnType<AccountSource["find"]> {
    const found = await this.#source.find(key);
    const isLate = !found.ok && found.failure === "timeout" && this.#url !== undefined;
    return isLate ? { ...found, error: this.#url.lateText(key) } : found;
  }

  /** AC-95: files that somebody changed by hand. */
  async reload(): Promise<void> {
    await this.#directory?.reload();
  }

  /** What the source knows of `key` is out of date. */
  changed(key: string, text: string): void {
    this.#source.changed(key, text);
  }

  deleted(key: string): void {
    this.#source.deleted(key);
  }

  /** AC-86 to AC-90. */
  onRequest(request: ClaimRequest): void {
    if (this.#directory !== undefined) {
      this.#directory.onRequest(request);
      return;
    }
    const { reader } = this.#events;
    const isLoaded = (key: string): boolean => this.#events.isLoaded(key);
    const outcome = handleUpdate(request, reader, isLoaded, Date.now());
    if (outcome === undefined) return;
    const { apply, body } = outcome;
    if (apply !== undefined) {
      this.#source.changed(apply.key, apply.text);
      this.#events.changed(apply.key, apply.text);
    }
    if (request.reply !== "") this.#events.replies()?.reply(request.reply, body);
  }

  async close(): Promise<void> {
    this.#source.stop();
    this.#url?.close();
    await this.#directory?.stop();
  }

  #createDirectory(
    resolver: Extract<ResolverOptions, { readonly directory: string }>,
  ): DirectoryHost {
    const { systemAccount, reader, log, replies, isLoaded, changed, deleted } = this.#events;
    return new DirectoryHost(
      new JwtDirectory(resolver.directory, nodeFileSystem),
      { ...resolver, systemAccount, graveLifeMs: RESOLVER_LIMITS.graveLifeMs },
      {
        log,
        reader,
        now,
        prng: createPrng(randomInt(0x1_0000_0000)),
        // There are no other servers: nobody is asked, and nobody is told.
        nodeName: "self",
        peerCount: () => 0,
        sendMesh: () => undefined,
        isLoaded,
        reply: (subject, body) => replies()?.reply(subject, body),
        replyRaw: (subject, text) => {
          replies()?.replyRaw(subject, text);
          return undefined;
        },
        changed: (key, text) => {
          this.#source.changed(key, text);
          changed(key, text);
        },
        deleted: (key) => {
          this.#source.deleted(key);
          deleted(key);
        },
      },
    );
  }
}

function urlTls(tls: TlsOptions | undefined): UrlTlsOptions {
  if (tls === undefined) return { ca: systemAuthorities };
  const { certificates, authorities } = readCertificateFiles(tls);
  const [pair] = certificates;
  return {
    ca: authorities ?? systemAuthorities,
    cert: pair?.certificate,
    key: pair?.key,
    insecure: tls.insecure,
    minVersion: tls.minVersion === "1.3" ? "TLSv1.3" : "TLSv1.2",
  };
}
