// Tokens from attackers: every one is refused, with a reason that names the field and nothing else.
import { createHmac } from "node:crypto";
import { createPrng } from "@weft/base";
import { describe, expect, test } from "vitest";
import { newScopedUserClaims, newUserClaims } from "./claims/new-claims.ts";
import { decodeToken, decodeTokenOf, TOKEN_BYTES_MAX, withoutLineEnds } from "./decode.ts";
import { claimsToJson, encodeClaims } from "./encode.ts";
import { RandomClaims } from "./testing/random-claims.ts";
import { claimsOf, rawToken, tokenOf, verifier } from "./testing/reading.ts";
import { publicKey, testKey } from "./testing/test-keys.ts";

const NOW = 1_795_000_000;
const ACCOUNT = testKey("account", 1);
const HEADER = { typ: "JWT", alg: "ed25519-nkey" };

function userBody(nats: object = {}, top: object = {}): object {
  return {
    iat: NOW,
    iss: ACCOUNT.publicKey,
    sub: publicKey("user", 1),
    nats: { type: "user", version: 2, ...nats },
    ...top,
  };
}

function errorOf(token: string): string {
  const result = decodeToken(token, verifier);
  return result.ok ? "none" : result.error.message;
}

describe("attack 21: algorithms", () => {
  test("only ed25519-nkey counts for what is written today", () => {
    expect(errorOf(rawToken(HEADER, userBody(), ACCOUNT))).toBe("none");
    for (const alg of ["none", "None", "HS256", "RS256", "EdDSA", "ED25519-NKEY", "", 1, null]) {
      expect(errorOf(rawToken({ typ: "JWT", alg }, userBody(), ACCOUNT))).toBe(
        "unexpected algorithm",
      );
    }
    expect(errorOf(rawToken({ typ: "JWT" }, userBody(), ACCOUNT))).toBe("unexpected algorithm");
    expect(errorOf(rawToken({ alg: "ed25519-nkey" }, userBody(), ACCOUNT))).toBe(
      "not supported type",
    );
    const twice = '{"typ":"JWT","alg":"none","alg":"ed25519-nkey"}';
    expect(errorOf(rawToken(twice, userBody(), ACCOUNT))).toContain('name "alg" again');
  });

  test("an HMAC with the public key as its secret is no signature", () => {
    const head = Buffer.from('{"typ":"JWT","alg":"HS256"}').toString("base64url");
    const body = Buffer.from(JSON.stringify(userBody())).toString("base64url");
    const mac = createHmac("sha256", ACCOUNT.publicKey).update(`${head}.${body}`);
    expect(errorOf(`${head}.${body}.${mac.digest("base64url")}`)).toBe("unexpected algorithm");
  });

  test("the old algorithm counts for version 1 alone, whose signature leaves the header out", () => {
    const old = { typ: "jwt", alg: "ed25519" };
    const first = { ...userBody(), type: "user", nats: {} };
    expect(errorOf(rawToken(old, first, ACCOUNT, true))).toBe("none");
    expect(errorOf(rawToken(old, first, ACCOUNT))).toContain("signature verification");
    expect(errorOf(rawToken(old, userBody(), ACCOUNT, true))).toContain("wrong algorithm");
    expect(errorOf(rawToken(HEADER, first, ACCOUNT, true))).toContain("wrong algorithm");
    expect(errorOf(rawToken(HEADER, userBody(), ACCOUNT, true))).toContain("verification");
  });

  test("attack 22: a signature of another key, of other bytes, of another length", () => {
    const token = rawToken(HEADER, userBody(), testKey("account", 2));
    expect(errorOf(token)).toBe("claim failed signature verification");
    const good = rawToken(HEADER, userBody(), ACCOUNT);
    const [head, body, signature] = good.split(".") as [string, string, string];
    expect(errorOf(`${head}.${body}.${signature.slice(1)}`)).toContain("base64url of 64 bytes");
    expect(errorOf(`${head}.${body}.`)).toContain("base64url of 64 bytes");
    const other = Buffer.from(JSON.stringify(userBody({ subs: 1 }))).toString("base64url");
    expect(errorOf(`${head}.${other}.${signature}`)).toContain("signature verification");
    for (const text of ["", ".", "..", "a.b", `${good}.x`, `${good}.`, `${head}.${body}`]) {
      expect(errorOf(text), text).not.toBe("none");
    }
    expect(errorOf(`${good}=`)).not.toBe("none");
    expect(errorOf(` ${good}`)).not.toBe("none");
  });

  test("AC-87 AN-43: line ends behind a token are none of it, and elsewhere there are none", () => {
    const good = rawToken(HEADER, userBody(), ACCOUNT);
    for (const ends of ["\n", "\r\n", "\n\r\n\n"]) {
      expect(errorOf(good + ends)).toBe("none");
      expect(withoutLineEnds(good + ends)).toBe(good);
    }
    const [head, body, signature] = good.split(".") as [string, string, string];
    const others = [`\n${good}`, `${head}\n.${body}.${signature}`, `${good} \n`, `${good}\n `];
    for (const text of others) expect(errorOf(text), text).not.toBe("none");
    expect(withoutLineEnds("\r\n")).toBe("");
  });

  test("each token has one text: unused bits of base64url must be zero", () => {
    const good = rawToken(HEADER, userBody(), ACCOUNT);
    const last = good.at(-1) as string;
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const twin = alphabet[alphabet.indexOf(last) ^ 1] as string;
    expect(errorOf(good.slice(0, -1) + twin)).not.toBe("none");
  });
});

describe("attack 23: the wrong kind of token or key", () => {
  test("a token of one kind is none of another", () => {
    const random = new RandomClaims(createPrng(3), 0, NOW);
    const account = tokenOf(random.account(1), testKey("operator", 1), NOW);
    const operator = tokenOf(random.operator(1), testKey("operator", 1), NOW);
    expect(decodeTokenOf("user", account, verifier)).toMatchObject({ ok: false });
    expect(decodeTokenOf("account", operator, verifier)).toMatchObject({ ok: false });
    expect(decodeTokenOf("account", account, verifier)).toMatchObject({ ok: true });
  });

  test("a key of the wrong kind signs nothing", () => {
    for (const kind of ["operator", "user", "server"] as const) {
      const key = testKey(kind, 1);
      const body = userBody({}, { iss: key.publicKey });
      expect(errorOf(rawToken(HEADER, body, key))).toBe("issuer is no key that signs user claims");
      expect(encodeClaims(newUserClaims(publicKey("user", 1)), key, NOW)).toMatchObject({
        ok: false,
      });
    }
    expect(errorOf(rawToken(HEADER, userBody({}, { iss: undefined }), ACCOUNT))).toContain(
      "issuer",
    );
    const operatorAsRequest = userBody({ type: "authorization_request" });
    expect(errorOf(rawToken(HEADER, operatorAsRequest, ACCOUNT))).toContain("issuer is no key");
  });

  test("claims of old or unknown kinds and versions", () => {
    expect(errorOf(rawToken(HEADER, userBody({ type: "cluster" }), ACCOUNT))).toBe(
      "nats.type: ClusterClaims are not supported",
    );
    expect(errorOf(rawToken(HEADER, userBody({ version: 3 }), ACCOUNT))).toBe(
      "nats.version: version 3 is newer than 2",
    );
    expect(errorOf(rawToken(HEADER, userBody({ version: 0 }), ACCOUNT))).toContain(
      "nats.version: version 0",
    );
    const odd = claimsOf(rawToken(HEADER, userBody({ type: "odd", a: 1 }), ACCOUNT));
    expect(odd.kind).toBe("generic");
  });
});

describe("errors name the field", () => {
  test.each([
    [{ subs: "x" }, "nats.subs: a whole number is wanted, not a string"],
    [{ subs: 1.5 }, "nats.subs: a whole number is wanted"],
    [{ pub: { allow: ["a", 7] } }, "nats.pub.allow[1]: a string is wanted, not a number"],
    [{ pub: [] }, "nats.pub: an object is wanted, not a list"],
    [{ resp: { max: {} } }, "nats.resp.max: a whole number is wanted, not an object"],
    [{ times: [{ start: true }] }, "nats.times[0].start: a string is wanted, not a truth value"],
    [{ bearer_token: "yes" }, "nats.bearer_token: true or false is wanted, not a string"],
    [{ PUB: {} }, "nats.PUB: the name differs from pub in case only"],
    [{ tags: "x" }, "nats.tags: a list is wanted, not a string"],
  ])("%j", (nats, message) => {
    const result = decodeToken(rawToken(HEADER, userBody(nats), ACCOUNT), verifier);
    expect(result).toEqual({ ok: false, error: { message, field: message.split(":")[0] } });
  });

  test("of accounts", () => {
    const body = (nats: object) => ({
      ...userBody({ type: "account", ...nats }),
      sub: publicKey("account", 2),
    });
    const problem = (nats: object) => errorOf(rawToken(HEADER, body(nats), ACCOUNT));
    const key = publicKey("account", 3);
    expect(problem({ signing_keys: [key, { kind: "user_scope", key }] })).toContain("again");
    expect(problem({ signing_keys: [{ kind: "odd", key }] })).toBe(
      "nats.signing_keys[0].kind: unknown signing key scope",
    );
    expect(problem({ mappings: { a: [{ weight: 256 }] } })).toBe(
      "nats.mappings.a[0].weight: the number is out of range",
    );
    expect(problem({ exports: [{ type: "odd" }] })).toBe(
      'nats.exports[0].type: unknown export type "odd"',
    );
    expect(problem({ imports: [null] })).toBe("nats.imports[0]: an object is wanted, not null");
    const huge = `{"iss":"${ACCOUNT.publicKey}","sub":"x","exp":${"9".repeat(100_000)}}`;
    expect(errorOf(rawToken(HEADER, huge, ACCOUNT))).toBe("exp: the number is out of range");
  });
});

describe("bounds", () => {
  test("a token of more than a mebibyte is not looked at", () => {
    expect(errorOf("x".repeat(TOKEN_BYTES_MAX + 1))).toContain("more than");
    expect(errorOf(`${"e".repeat(2_000)}.e.e`)).toBe("header is not base64url");
    expect(errorOf(".".repeat(TOKEN_BYTES_MAX))).toBe("expected 3 chunks");
  });

  test("random changes of good tokens never throw, and bounded time is enough", () => {
    const prng = createPrng(11);
    const random = new RandomClaims(prng, 20, NOW);
    const started = performance.now();
    for (let round = 0; round < 500; round += 1) {
      const { claims, signer } = random.any();
      const token = encodeClaims(claims, testKey(signer, 1), NOW);
      if (!token.ok) continue;
      const bytes = Buffer.from(token.token);
      for (let change = 0; change <= prng.below(3); change += 1) {
        bytes[prng.below(bytes.length)] = prng.below(256);
      }
      decodeToken(bytes.toString("latin1"), verifier);
    }
    expect(performance.now() - started).toBeLessThan(15_000);
  });

  test("the worst bodies of a mebibyte are refused or read in seconds", () => {
    const bodies = [
      `{"nats":${"[".repeat(700_000)}`,
      `{"nats":{"tags":["${'","'.repeat(200_000)}"]}}`,
      `{"nats":{"a":${"[".repeat(20)}${"0,".repeat(300_000)}`,
      `{"sub":"${"\\u0041".repeat(100_000)}"}`,
      `{${Array.from({ length: 40_000 }, (_, at) => `"k${at}":{}`).join(",")}}`,
      `{"nats":{"type":"account","version":2,"revocations":{${Array.from({ length: 40_000 }, (_, at) => `"k${at}":1`).join(",")}}}}`,
    ];
    for (const body of bodies) {
      const started = performance.now();
      errorOf(rawToken(HEADER, body, ACCOUNT));
      expect(performance.now() - started, body.slice(0, 30)).toBeLessThan(5_000);
    }
  });
});

describe("encode and decode", () => {
  test("random claims of every kind come back as they were", () => {
    const random = new RandomClaims(createPrng(21), 20, NOW);
    for (let round = 0; round < 300; round += 1) {
      const { claims, signer } = random.any();
      const made = encodeClaims(claims, testKey(signer, 2), NOW);
      if (!made.ok) throw new Error(made.error.message);
      const back = claimsOf(made.token);
      expect(claimsToJson(back)).toBe(claimsToJson(made.claims));
      expect(back.kind).toBe(claims.kind);
    }
  });

  test("what cannot be encoded has a reason", () => {
    const key = testKey("account", 1);
    expect(encodeClaims(newUserClaims(""), key, NOW)).toMatchObject({
      error: { message: "subject is not set" },
    });
    expect(encodeClaims(newUserClaims(key.publicKey), key, NOW)).toMatchObject({
      error: { message: "expected subject to be user public key" },
    });
    const user = newScopedUserClaims(publicKey("user", 1), key.publicKey);
    const broken = { ...user, nats: { ...user.nats, subscriptionsMax: 0.5 } };
    expect(encodeClaims(broken, key, NOW)).toMatchObject({ error: { field: "nats.subs" } });
  });
});
