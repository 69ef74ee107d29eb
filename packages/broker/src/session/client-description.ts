// Who a connection is, as others are told: exporters of services, measurements (AC-34, AC-65). Worker;
// pure. Must stay true: without `detailed` nothing but account and round trip is told, and never a
// token: who reads one that needs no signature could log in by it.
import { type Identity, issuerKeyOf } from "@weft/auth";

const NANOS_PER_MS = 1e6;

/** What CONNECT said that is kept for as long as the connection lives. */
export interface ClientFacts {
  readonly name: string;
  readonly language: string;
  readonly version: string;
  readonly protocol: number;
  /** From the opening of the connection on: stands for the round trip until that is measured. */
  readonly connectTookMs: number;
}

export const NO_FACTS: ClientFacts = {
  name: "",
  language: "",
  version: "",
  protocol: 0,
  connectTookMs: 0,
};

/** What is told of a session. */
export interface DescribedClient {
  readonly clientId: number;
  readonly startedUnixMs: number;
  readonly roundTripMs: number;
  /** Another object whenever CONNECT said something else. */
  readonly facts: ClientFacts;
  readonly user: string;
  readonly identity?: Pick<Identity, "placed" | "token" | "tags"> | undefined;
  readonly transport: { readonly remoteAddress: string };
  readonly host: { readonly server: { readonly name: string } };
}

/** The reference's words; fields that are not known are left out of its JSON. */
export interface ClientDescription {
  readonly start?: string;
  readonly host?: string;
  readonly id?: number;
  readonly acc?: string | undefined;
  /** Account that passed a request on. */
  readonly svc?: string | undefined;
  readonly user?: string | undefined;
  readonly name?: string | undefined;
  readonly lang?: string | undefined;
  readonly ver?: string | undefined;
  /** Nanoseconds. */
  readonly rtt?: number | undefined;
  readonly server?: string | undefined;
  /** Key that signed the user's token (AN-57). */
  readonly issuer_key?: string | undefined;
  /** Name of the user in the token; in events about connections it is the account's. */
  readonly name_tag?: string | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly kind?: string;
  readonly client_type?: string;
}

export interface DescriptionParts {
  /** Name of the account. */
  readonly account: string;
  readonly service?: string | undefined;
  readonly detailed: boolean;
  readonly withServer: boolean;
}

/** The last one that was measured; until then what the client took to answer INFO. */
export function roundTripNanosOf({ roundTripMs, facts }: DescribedClient): number {
  return (roundTripMs || facts.connectTookMs) * NANOS_PER_MS;
}

/** Of the user's token, or as a callout service or a module said (AN-71). */
export function tagsOf({ identity }: DescribedClient): readonly string[] | undefined {
  return identity?.token?.tags ?? identity?.tags;
}

/** Fields in the reference's order. */
export function describeClient(
  session: DescribedClient | undefined,
  parts: DescriptionParts,
): ClientDescription {
  const common = { acc: parts.account, svc: parts.service };
  const roundTripNanos = Math.round(session === undefined ? 0 : roundTripNanosOf(session));
  const rtt = roundTripNanos === 0 ? undefined : roundTripNanos;
  const server = parts.withServer ? session?.host.server.name : undefined;
  if (!parts.detailed || session === undefined) return { ...common, rtt, server };
  const { facts, identity } = session;
  const tags = tagsOf(session);
  return {
    start: new Date(session.startedUnixMs).toISOString(),
    host: session.transport.remoteAddress,
    id: session.clientId,
    ...common,
    user: session.user === "" ? undefined : session.user,
    name: facts.name === "" ? undefined : facts.name,
    lang: facts.language === "" ? undefined : facts.language,
    ver: facts.version === "" ? undefined : facts.version,
    rtt,
    server,
    issuer_key: issuerKeyOf(identity) || undefined,
    name_tag: identity?.token?.name || undefined,
    tags: tags?.length ? tags : undefined,
    kind: "Client",
    client_type: "nats",
  };
}
