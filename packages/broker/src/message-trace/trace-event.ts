// What the event of a traced message says (AC-71): one entry for each thing that happened to it on
// this server. Worker; pure. Texts are for people, subjects are not byte strings any more.
import type { UnixNanos } from "@weft/base";
import { type MessageStamp, type ServerFacts, serverInfo, wireTime } from "@weft/control";

/** AC-76: why somebody who is interested did not get the message, in the reference's words. */
export const EGRESS_ERRORS = {
  noEcho: "Not delivered because of no echo",
  denied: "Not delivered because subscription denies this subject",
  clientClosed: "Not delivered because client is closed",
  exceeded: "Not delivered because auto-unsubscribe exceeded",
  notStalled: "Not delivered because fast producer not stalled and consumer is slow",
} as const;

export type EgressError = keyof typeof EGRESS_ERRORS;

/** The number that the reference has for connections of clients. */
const KIND_CLIENT = 0;

/** Who published; fields that are not known are "". */
export interface Ingress {
  readonly clientId: number;
  readonly name: string;
  readonly account: string;
  readonly subject: string;
  error: string | undefined;
}

export function ingressEntry(ingress: Ingress, at: UnixNanos): object {
  const { clientId, name, account, subject, error } = ingress;
  return {
    type: "in",
    ts: wireTime(at),
    kind: KIND_CLIENT,
    cid: clientId,
    name: name || undefined,
    acc: account,
    subj: subject,
    error,
  };
}

export function mappingEntry(to: string, at: UnixNanos): object {
  return { type: "sm", ts: wireTime(at), to };
}

/** The message is seen by another account, under this subject. */
export function streamExportEntry(account: string, to: string, ts: string): object {
  return { type: "se", ts, acc: account, to };
}

/** The message is a request to a service of another account. */
export function serviceImportEntry(
  account: string,
  from: string,
  to: string,
  at: UnixNanos,
): object {
  return { type: "si", ts: wireTime(at), acc: account, from, to };
}

/** One subscription that the message was meant for. */
export interface Egress {
  readonly clientId: number;
  readonly name: string;
  /** Undefined = the publisher's own. */
  readonly account: string | undefined;
  readonly filter: string;
  readonly queue: string | undefined;
  readonly error: string | undefined;
}

export function egressEntry(egress: Egress, ts: string): object {
  const { clientId, name, account, filter, queue, error } = egress;
  return {
    type: "eg",
    ts,
    kind: KIND_CLIENT,
    cid: clientId,
    name: name || undefined,
    acc: account,
    sub: filter,
    queue,
    error,
  };
}

/**
 * The message as it was published, as JSON: a text of its own, while `headers`, byte strings, are
 * pieces of what may be a very long one. Undefined = they are not known.
 */
export function requestText(
  headers: ReadonlyMap<string, readonly string[]> | undefined,
  bytes: number,
): string {
  return JSON.stringify({ header: headers && shownHeaders(headers), msgsize: bytes });
}

/** The whole event as JSON, from the texts of its parts. */
export function traceDocument(
  server: ServerFacts,
  stamp: MessageStamp,
  request: string,
  events: readonly string[],
): string {
  const facts = JSON.stringify(serverInfo(server, stamp));
  return `{"server":${facts},"request":${request},"events":[${events.join(",")}]}`;
}

/** In the order of their names, as JSON of the reference's has them. */
function shownHeaders(headers: ReadonlyMap<string, readonly string[]>): object {
  const names = [...headers.keys()].sort();
  return Object.fromEntries(
    names.map((name) => [textOf(name), (headers.get(name) ?? []).map(textOf)]),
  );
}

/** The text of a byte string. */
export function textOf(bytes: string): string {
  return Buffer.from(bytes, "latin1").toString("utf8");
}
