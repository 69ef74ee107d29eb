// What lines of the log say of a session, from its facts alone.
import type { ConnectOptions } from "@weft/protocol";
import { expect, test } from "vitest";
import type { ClientSession } from "./client-session.ts";
import { connectionOf, failureText, refusedUser } from "./session-log.ts";

/** What is looked at of a session of account "SALES". */
function session(text: string, more: object = {}): ClientSession {
  const facts = { name: text, language: text, version: text };
  const seen = {
    clientId: 7,
    transport: { remoteAddress: "::1", remotePort: 4242 },
    account: 3,
    host: { account: () => ({ name: `SALES${text}` }) },
    facts,
    user: `ruth${text}`,
    loginKind: "password",
    connectOptions: undefined,
    ...more,
  };
  return seen as unknown as ClientSession;
}

test("SB-98: a line names client, account and user", () => {
  expect(connectionOf(session("")).label).toBe('[::1]:4242 - cid:7 - "SALES/user:ruth"');
  expect(connectionOf(session("-1"))).toEqual({
    clientId: 7,
    address: "::1",
    port: 4242,
    account: "SALES-1",
    user: "user:ruth-1",
    label: '[::1]:4242 - cid:7 - "v-1:-1:-1" - "SALES-1/user:ruth-1"',
  });
});

test("LG-13, AZ-29: an account by token has its name beside its key, the user the mark of the login", () => {
  const key = `U${"A".repeat(55)}`;
  const host = { account: () => ({ name: "AKEY", nameTag: "SHOP" }) };
  const shown = (loginKind: string, user: string, more = {}) =>
    connectionOf(session("", { loginKind, user, ...more }))
      .label.split(" - ")
      .at(-1);
  expect(shown("jwt", key, { host })).toBe(`"AKEY/SHOP/jwt:${key}"`);
  expect(connectionOf(session("", { host })).account).toBe("AKEY");
  expect(shown("nkey", key)).toBe(`"SALES/nkey:${key}"`);
  expect(shown("token", "[REDACTED]")).toBe('"SALES/token"');
  expect(shown("callout", "bob", { host })).toBe('"AKEY/SHOP/user:bob"');
  expect(shown("callout", key)).toBe(`"SALES/nkey:${key}"`);
  expect(shown("callout", "[REDACTED]")).toBe('"SALES/token"');
  expect(shown("callout", "")).toBe("cid:7");
});

test("CP-53: of a payload that is too large size and limit are told, of other faults the line", () => {
  const input = Buffer.from("PUB a 9\r\n");
  expect(failureText(8, "payload", input, 0, 7, 9)).toBe("maximum payload exceeded: 9 vs 8");
  expect(failureText(8, "arguments", input, 0, 7, 0)).toBe('parse error (arguments): "PUB a 9"');
});

test("SB-98: whatever a client says of itself, what a record carries of it is short", () => {
  const { account, user, label } = connectionOf(session("x".repeat(4_000)));
  const cut = (text: string, length: number) => `${text.padEnd(length, "x")}...`;
  const client = [cut("v", 64), cut("", 64), cut("", 256)].join(":");
  expect([account, user]).toEqual([cut("SALES", 256), cut("user:ruth", 256)]);
  expect(label).toBe(`[::1]:4242 - cid:7 - "${client}" - "${account}/${user}"`);
  // The half of a character is none.
  expect(connectionOf(session("😀".repeat(500))).label).not.toContain("\ud83d...");
});

test("LG-13: a refused token is named by its user's key, and by nothing else that stands in it", () => {
  const key = `U${"A".repeat(55)}`;
  const refused = (claims: string) => {
    const jwt = `e30.${Buffer.from(claims).toString("base64url")}.c2lnbmF0dXJl`;
    return refusedUser({ nkey: "", user: "", jwt, auth_token: "" } as ConnectOptions);
  };
  expect(refused(JSON.stringify({ sub: key, name: "ann" }))).toBe(`JWT User "${key}"`);
  const seed = `S${key}`;
  for (const other of [seed, `A${"A".repeat(55)}`, 7, null, [key]]) {
    expect(refused(JSON.stringify({ sub: other }))).toBe("");
  }
  expect([refused("null"), refused("{"), refused("")]).toEqual(["", "", ""]);
});
