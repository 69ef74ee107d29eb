// What must never stand in a text that somebody reads, and what may.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { redactSecrets, redactText } from "./redact.ts";

const SEED = "SUAKGNXWWROCOS6JFCUM2PRCX2AKZHKA7W7452UIOJXLWEJ3UEGYZ6N4SY";
const KEY = "UDNNGRYO47IMHX425ZAROM72KZE2AVDGT4GAF26Z35UYDW3I77H4AGAB";
const JWT = "eyJ0eXAiOiJKV1QifQ.eyJqdGkiOiJBIn0.c2lnbmF0dXJl-_";

describe("redactSecrets", () => {
  test("GP-10: tokens and seeds, but not public keys", () => {
    expect(redactSecrets(`a ${JWT}, ${SEED}; ${KEY}`)).toBe(`a [REDACTED], [REDACTED]; ${KEY}`);
  });

  test.each([
    ["nats://joe:pw@host:4222/x", "nats://joe:[REDACTED]@host:4222/x"],
    ["nats://joe:p@w:x@host", "nats://joe:[REDACTED]@host"],
    ["tls://t0ken@host", "tls://[REDACTED]@host"],
    ["http://host/a@b", "http://host/a@b"],
    ["me@example.org", "me@example.org"],
    [
      "nats-route://:pw@[::1]:6222,nats://u:pw@h",
      "nats-route://:[REDACTED]@[::1]:6222,nats://u:[REDACTED]@h",
    ],
  ])("LG-12: addresses: %s", (text, shown) => {
    expect(redactSecrets(text)).toBe(shown);
  });
});

describe("redactText", () => {
  test.each([
    ['{"pass":"s3cret","user":"joe"}', '{"pass":"[REDACTED]","user":"joe"}'],
    ['{"auth_token" : "s3\\"cret"}', '{"auth_token" : "[REDACTED]"}'],
    ['"{\\"jwt\\":\\"s3cret\\",\\"a\\":1}"', '"{\\"jwt\\":\\"[REDACTED]\\",\\"a\\":1}"'],
    ['{"PASSWORD":"s3cret', '{"PASSWORD":"[REDACTED]'],
    ["{'nkey':'s3cret'}", "{'nkey':'[REDACTED]'}"],
    ['Subject "pass": fine', 'Subject "pass": fine'],
  ])("GP-10: fields: %s", (text, shown) => {
    expect(redactText(text)).toBe(shown);
  });

  test("GP-10: a password in JSON never stays, whatever it is made of", () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 3 }),
        fc.constantFrom("pass", "sig", "jwt"),
        (text, name) => {
          const shown = redactText(`x ${JSON.stringify({ [name]: `<<${text}>>`, user: "u" })} y`);
          expect(shown).toBe(`x {"${name}":"[REDACTED]","user":"u"} y`);
        },
      ),
    );
  });

  test("GP-10: tokens behind other words, two in a row, and what only begins like one", () => {
    const token = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.c2ln";
    expect(redactText(`x-${token}.more`)).toBe("x-[REDACTED].more");
    expect(redactText(`${token} ${token}`)).toBe("[REDACTED] [REDACTED]");
    expect(redactText(`a.b.${token}`)).toBe("a.b.[REDACTED]");
    expect(redactText("eyJhbGciOiJub25lIn0.ab")).toBe("[REDACTED]");
    for (const text of ["eyJ.a.b", "eyJhbGciOi.a", "weyJhbGciOiJub25lIn0.abc", "eyJ-eyJ-eyJ"]) {
      expect(redactText(text)).toBe(text);
    }
    expect(redactText("a-b+c://user:pw@host, x://tok@h")).toBe(
      "a-b+c://user:[REDACTED]@host, x://[REDACTED]@h",
    );
  });

  test("work is linear in the text", () => {
    const start = performance.now();
    redactText('"pass":"'.repeat(50_000));
    redactText(`nats://${"a:".repeat(100_000)}`);
    redactText("eyJ".repeat(50_000));
    redactText("eyJ-".repeat(250_000));
    redactText("eyJ-eyJaaaaaaaa.".repeat(50_000));
    redactText(`${"a-".repeat(500_000)}://`);
    redactText("a-://".repeat(200_000));
    expect(performance.now() - start).toBeLessThan(2_000);
  });
});
