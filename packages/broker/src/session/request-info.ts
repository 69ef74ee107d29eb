// `Nats-Request-Info`: what the exporter of a service learns about the requester (AC-34, AC-37), as
// header lines ready to be copied. Owned by the worker's core. Must stay true: nothing is told but
// what the requester's own import shares, however many accounts the request goes on through.
import { issuerKeyOf } from "@weft/auth";
import { lastHeader } from "@weft/protocol";
import {
  type ClientDescription,
  type ClientFacts,
  type DescribedClient,
  describeClient,
  tagsOf,
} from "./client-description.ts";

export const REQUEST_INFO_KEY = Buffer.from("Nats-Request-Info", "latin1");
const STATUS_LINE = Buffer.from("NATS/1.0\r\n", "latin1");
/** Lines kept, a power of two; for connections and imports that share a place only the last one. */
const PLACES = 1_024;

/** Where a request comes from, and the way that it took. Refilled for each request. */
export class RequestOrigin {
  /** Who asks, if it is a connection of this thread. */
  session: DescribedClient | undefined;
  /** Account of who asks. */
  account = -1;
  /** Last account that passed the request on; -1 = none. */
  service = -1;
  /** The requester's import shares who and where it is. */
  shared = false;
  /** The server is told: the requester's import shares, or one that the request came through. */
  withServer = false;
}

/** The header of one requester, in both forms in which it is needed. */
export class RequestInfo {
  /** `NATS/1.0`, the header, the empty line: for a request that has no headers. */
  readonly block: Buffer;
  /** The header and the empty line, for behind other headers. */
  readonly last: Buffer;
  readonly clientId: number;
  readonly account: number;
  readonly service: number;
  readonly shared: boolean;
  readonly withServer: boolean;
  readonly roundTripMs: number;
  readonly facts: ClientFacts | undefined;
  readonly user: string | undefined;
  readonly issuerKey: string | undefined;
  readonly nameTag: string | undefined;
  readonly tags: readonly string[] | undefined;

  constructor(origin: RequestOrigin, last: Buffer) {
    const { session } = origin;
    // Memory of its own: a piece of Node's pool would keep the whole pool, 64 KiB, for each place.
    this.block = Buffer.allocUnsafeSlow(STATUS_LINE.length + last.length);
    this.block.set(STATUS_LINE);
    this.block.set(last, STATUS_LINE.length);
    this.last = this.block.subarray(STATUS_LINE.length);
    this.clientId = session?.clientId ?? 0;
    this.account = origin.account;
    this.service = origin.service;
    this.shared = origin.shared;
    this.withServer = origin.withServer;
    this.roundTripMs = session?.roundTripMs ?? 0;
    this.facts = session?.facts;
    this.user = session?.user;
    this.issuerKey = issuerKeyOf(session?.identity);
    this.nameTag = session?.identity?.token?.name;
    this.tags = session && tagsOf(session);
  }

  /** Everything of `origin` that the line is made of is as it was. */
  isOf(origin: RequestOrigin): boolean {
    const { session } = origin;
    if (session === undefined) {
      if (this.facts !== undefined) return false;
    } else if (
      session.clientId !== this.clientId ||
      session.roundTripMs !== this.roundTripMs ||
      session.facts !== this.facts ||
      session.user !== this.user ||
      issuerKeyOf(session.identity) !== this.issuerKey ||
      session.identity?.token?.name !== this.nameTag ||
      tagsOf(session) !== this.tags
    ) {
      return false;
    }
    return (
      origin.account === this.account &&
      origin.service === this.service &&
      origin.shared === this.shared &&
      origin.withServer === this.withServer
    );
  }
}

/**
 * The lines of the requesters of one worker. Bounded, and without a hold on sessions that are gone.
 * `accounts` are names by index.
 */
export class RequestInfoCache {
  readonly #accounts: readonly { readonly name: string }[];
  readonly #places: (RequestInfo | undefined)[] = new Array(PLACES).fill(undefined);

  constructor(accounts: readonly { readonly name: string }[]) {
    this.#accounts = accounts;
  }

  of(origin: RequestOrigin): RequestInfo {
    const client = origin.session?.clientId ?? 0;
    const way = (origin.service + 1) * 2 + (origin.shared ? 1 : 0);
    const place = (client + Math.imul(way, 0x9e3779b1)) & (PLACES - 1);
    const known = this.#places[place];
    if (known?.isOf(origin) === true) return known;
    const made = new RequestInfo(origin, this.#line(origin));
    this.#places[place] = made;
    return made;
  }

  #line(origin: RequestOrigin): Buffer {
    return lastHeader(REQUEST_INFO_KEY.toString("latin1"), JSON.stringify(this.#fields(origin)));
  }

  #fields(origin: RequestOrigin): ClientDescription {
    const { account, service, shared: detailed, withServer } = origin;
    return describeClient(origin.session, {
      account: this.#accounts[account]?.name ?? "",
      service: service < 0 ? undefined : this.#accounts[service]?.name,
      detailed,
      withServer,
    });
  }
}
