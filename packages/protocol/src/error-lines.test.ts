// -ERR texts (docs/compat/01-client-protocol.md, 1.4) and closed reasons (CP-111).

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CLOSED_REASONS } from "./closed-reason.ts";
import {
  authorizationViolation,
  ERROR_LINES,
  type ErrorLine,
  errorLine,
  PARSE_FAILURES,
  publishViolation,
  replyViolation,
  subscribeViolation,
  subscriptionRevoked,
  tooManyTokens,
} from "./error-lines.ts";

const bytes = (text: string): Buffer => Buffer.from(text, "latin1");

describe("texts", () => {
  test("CP-80 to CP-95: the catalogue, and which texts close", () => {
    const all: readonly ErrorLine[] = Object.values(ERROR_LINES);
    const closing = all.filter((line) => line.closes).map((line) => line.text);
    const passing = all.filter((line) => !line.closes).map((line) => line.text);
    expect(closing).toEqual([
      "Authorization Violation",
      "Authentication Timeout",
      "User Authentication Expired",
      "Account Authentication Expired",
      "User Authentication Revoked",
      "maximum connections exceeded",
      "maximum account active connections exceeded",
      "Maximum Payload Violation",
      "maximum control line exceeded",
      "Unknown Protocol Operation",
      "Stale Connection",
      "invalid client protocol",
      "no responders requires headers support",
      "Secure Connection - TLS Required",
      "Connection throttling is active. Please try again later.",
      "attempted to connect to route port",
      "attempted to connect to gateway port",
      "attempted to connect to leaf node port",
    ]);
    expect(passing).toEqual([
      "Failed Account Registration",
      "maximum subscriptions exceeded",
      "Invalid Publish Subject",
      "Invalid Subject",
    ]);
  });

  test("CP-111 every reason in use is in the list, which has no doubles", () => {
    const used = [
      ...Object.values(ERROR_LINES).flatMap((line: ErrorLine) => (line.closes ? line.reason : [])),
      ...Object.values(PARSE_FAILURES).map((outcome) => outcome.reason),
    ];
    for (const reason of used) expect(CLOSED_REASONS).toContain(reason);
    expect(new Set(CLOSED_REASONS).size).toBe(38);
  });

  test("CP-30 the text of an authorization violation never tells the cause", () => {
    const line = authorizationViolation("Credentials Revoked");
    expect(line).toEqual({
      text: "Authorization Violation",
      closes: true,
      reason: "Credentials Revoked",
    });
  });

  test("CP-61, CP-90, CP-91 permission texts", () => {
    const [x, q, n] = [bytes("x"), bytes("q"), bytes("n")];
    expect([
      publishViolation(x).text,
      replyViolation(x).text,
      subscribeViolation(x, undefined).text,
      subscribeViolation(x, q).text,
      subscriptionRevoked(x, undefined, n).text,
      subscriptionRevoked(x, q, n).text,
      tooManyTokens(x).text,
    ]).toEqual([
      'Permissions Violation for Publish to "x"',
      'Permissions Violation for Publish with Reply of "x"',
      'Permissions Violation for Subscription to "x"',
      'Permissions Violation for Subscription to "x" using queue "q"',
      'Permissions Violation for Subscription to "x" (sid "n")',
      'Permissions Violation for Subscription to "x" using queue "q" (sid "n")',
      'Permissions Violation for Subscription to "x", too many tokens',
    ]);
    expect(publishViolation(x).closes).toBe(false);
  });

  test.each([
    ['b"c', '"b\\"c"'],
    ["b\\c", '"b\\\\c"'],
    ["b\u0001\u0007\u001b\u007f", '"b\\x01\\a\\x1b\\x7f"'],
    ["\b\t\n\v\f\r", '"\\b\\t\\n\\v\\f\\r"'],
    ["b\u00ff\u00c3", '"b\\xff\\xc3"'],
    [
      "b\u00c2\u0085\u00e2\u0080\u00a8\u00ef\u00bb\u00bf\u00c2\u00a0",
      '"b\\u0085\\u2028\\ufeff\\u00a0"',
    ],
    ["\u00f0\u009f\u0098\u0080", '"\u{1f600}"'],
    ["\u00c3\u00b6 x", '"\u00f6 x"'],
    ["\u00f3\u00a0\u0080\u0081", '"\\U000e0001"'],
  ])("CP-96 quoting of %j is that of the reference", (subject, quoted) => {
    expect(publishViolation(bytes(subject)).text).toBe(
      `Permissions Violation for Publish to ${quoted}`,
    );
  });
});

describe("errorLine", () => {
  test("has the form of the wire", () => {
    expect(errorLine(ERROR_LINES.staleConnection.text).toString()).toBe(
      "-ERR 'Stale Connection'\r\n",
    );
  });

  test("CP-96 never has a control character but its own line end", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.string(), (subject, text) => {
        for (const one of [subscribeViolation(subject, subject).text, text, "a\r\n\u0000b"]) {
          const line = errorLine(one);
          const inner = line.subarray(0, line.length - 2);
          expect(inner.every((byte) => byte >= 32 && byte !== 127)).toBe(true);
        }
      }),
      { numRuns: 300 },
    );
  });
});
