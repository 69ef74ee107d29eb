// Every `-ERR` text of the client port (docs/compat/01-client-protocol.md, 1.4), and what becomes
// of the connection. Thread: worker and control. What must stay true: whether a text closes is part
// of its type; texts are the reference's; untrusted bytes go through `quoteBytes`, so that no text
// can end its line (CP-96).

import type { ParseFailure } from "./client-ops.ts";
import type { ClosedReason } from "./closed-reason.ts";
import { quoteBytes } from "./go-quote.ts";

/** After this text the connection is closed, for `reason`. */
export interface ClosingError {
  readonly text: string;
  readonly closes: true;
  readonly reason: ClosedReason;
}

/** After this text the connection goes on. */
export interface PassingError {
  readonly text: string;
  readonly closes: false;
}

export type ErrorLine = ClosingError | PassingError;

function closing(text: string, reason: ClosedReason): ClosingError {
  return { text, closes: true, reason };
}

function passing(text: string): PassingError {
  return { text, closes: false };
}

/** Texts without parameters. */
export const ERROR_LINES = {
  /** CP-80. The reason is finer where more is known: see `authorizationViolation`. */
  authorizationViolation: closing("Authorization Violation", "Authentication Failure"),
  /** CP-81 */
  authenticationTimeout: closing("Authentication Timeout", "Authentication Timeout"),
  /** CP-82 */
  userAuthenticationExpired: closing("User Authentication Expired", "Authentication Expired"),
  /** CP-83 */
  accountAuthenticationExpired: closing("Account Authentication Expired", "Authentication Expired"),
  /** CP-84 */
  userAuthenticationRevoked: closing("User Authentication Revoked", "Credentials Revoked"),
  /** CP-15, CP-85 */
  connectionsExceeded: closing("maximum connections exceeded", "Maximum Connections Exceeded"),
  /** CP-35, CP-85 */
  accountConnectionsExceeded: closing(
    "maximum account active connections exceeded",
    "Maximum Account Connections Exceeded",
  ),
  /** CP-36. Where good credentials fail for the account; the login decides whether it goes on. */
  accountRegistrationFailed: passing("Failed Account Registration"),
  /** CP-60, CP-86 */
  subscriptionsExceeded: passing("maximum subscriptions exceeded"),
  /** CP-53, CP-87 */
  payloadViolation: closing("Maximum Payload Violation", "Maximum Message Payload Exceeded"),
  /** CP-52, CP-88 */
  controlLineExceeded: closing("maximum control line exceeded", "Maximum Control Line Exceeded"),
  /** CP-23, CP-89 */
  invalidPublishSubject: passing("Invalid Publish Subject"),
  /** CP-59, CP-89 */
  invalidSubject: passing("Invalid Subject"),
  /** CP-50, CP-55, CP-92 */
  unknownOperation: closing("Unknown Protocol Operation", "Protocol Violation"),
  /** CP-92, CP-101 */
  staleConnection: closing("Stale Connection", "Stale Connection"),
  /** CP-25, CP-92 */
  invalidClientProtocol: closing("invalid client protocol", "Bad Client Protocol Version"),
  /** CP-26, CP-92 */
  noRespondersRequiresHeaders: closing(
    "no responders requires headers support",
    "No Responders Requires Headers",
  ),
  /** CP-93 */
  tlsRequired: closing("Secure Connection - TLS Required", "TLS Handshake Failure"),
  /** CP-94 */
  connectionThrottled: closing(
    "Connection throttling is active. Please try again later.",
    "Maximum Connections Exceeded",
  ),
  /** CP-95 */
  routePort: closing("attempted to connect to route port", "Incorrect Port"),
  /** CP-95 */
  gatewayPort: closing("attempted to connect to gateway port", "Incorrect Port"),
  /** CP-95 */
  leafNodePort: closing("attempted to connect to leaf node port", "Incorrect Port"),
} as const satisfies Readonly<Record<string, ErrorLine>>;

/** CP-30, CP-80: always the same text, with the reason that connz and events show. */
export function authorizationViolation(reason: ClosedReason): ClosingError {
  return closing(ERROR_LINES.authorizationViolation.text, reason);
}

/** CP-90 */
export function publishViolation(subject: Uint8Array): PassingError {
  return passing(`Permissions Violation for Publish to ${quoteBytes(subject)}`);
}

/** CP-62, CP-90 */
export function replyViolation(reply: Uint8Array): PassingError {
  return passing(`Permissions Violation for Publish with Reply of ${quoteBytes(reply)}`);
}

/** CP-63, CP-90; `queue` undefined without a queue group. */
export function subscribeViolation(
  subject: Uint8Array,
  queue: Uint8Array | undefined,
): PassingError {
  return passing(subscriptionText(subject, queue));
}

/** CP-91: a live subscription that new permissions no longer allow. */
export function subscriptionRevoked(
  subject: Uint8Array,
  queue: Uint8Array | undefined,
  sid: Uint8Array,
): PassingError {
  return passing(`${subscriptionText(subject, queue)} (sid ${quoteBytes(sid)})`);
}

/** CP-61 */
export function tooManyTokens(subject: Uint8Array): PassingError {
  return passing(`${subscriptionText(subject, undefined)}, too many tokens`);
}

function subscriptionText(subject: Uint8Array, queue: Uint8Array | undefined): string {
  const text = `Permissions Violation for Subscription to ${quoteBytes(subject)}`;
  return queue === undefined ? text : `${text} using queue ${quoteBytes(queue)}`;
}

/** What a parse failure does: the line to send, if any, and why the connection is closed. */
export interface ParseFailureOutcome {
  readonly line: ClosingError | undefined;
  readonly reason: ClosedReason;
}

/** CP-50, CP-52, CP-53, CP-55, CP-56, CP-57. The last two close without a word. */
export const PARSE_FAILURES: Readonly<Record<ParseFailure, ParseFailureOutcome>> = {
  "unknown-operation": outcome(ERROR_LINES.unknownOperation),
  "control-line": outcome(ERROR_LINES.controlLineExceeded),
  payload: outcome(ERROR_LINES.payloadViolation),
  arguments: { line: undefined, reason: "Protocol Violation" },
  "headers-unsupported": { line: undefined, reason: "Protocol Violation" },
};

function outcome(line: ClosingError): ParseFailureOutcome {
  return { line, reason: line.reason };
}

/** `-ERR 'text' CRLF`. Control characters in `text` become `?` (CP-96). */
export function errorLine(text: string): Buffer {
  return Buffer.from(`-ERR '${text.replace(/[\u0000-\u001f\u007f]/g, "?")}'\r\n`);
}
