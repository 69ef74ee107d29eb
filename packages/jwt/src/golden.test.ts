// Tokens and creds files that the real nsc and the reference's library made: read, written again byte
// for byte, and judged.
import { compileAccounts } from "@weft/accounts";
import { describe, expect, test } from "vitest";
import type { AccountClaims, UserClaims } from "./claims/claims.ts";
import { formatCreds, parseCreds, parseDecoratedToken } from "./creds.ts";
import { decodeTokenOf } from "./decode.ts";
import { claimHash, claimsToJson } from "./encode.ts";
import { signerFromSeed } from "./signer.ts";
import { claimsOf, goldenText, verifier } from "./testing/reading.ts";
import { accountSpecs } from "./trust/account-spec.ts";
import { activationHash } from "./trust/activation.ts";
import { type JudgeFacts, judgeUser } from "./trust/judge-user.ts";
import { trustOperators } from "./trust/operators.ts";
import { trustAccount } from "./trust/trusted-account.ts";
import { validateClaims } from "./validate/validate.ts";

const NOW_MS = Date.UTC(2026, 10, 23, 12, 0, 0);
const NONCE = Buffer.from("a-nonce-of-a-server");
const TOKENS = [
  "operator.jwt",
  "account-sys.jwt",
  "account-exporter.jwt",
  "account-importer.jwt",
  "account-callout.jwt",
  "activation-secret.jwt",
  "activation-admin.jwt",
] as const;
const CREDS = ["plain", "scoped", "gone", "untagged", "importing", "service", "sentinel"] as const;

function tokenIn(file: string): string {
  const parsed = parseDecoratedToken(goldenText(`nsc/${file}`));
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
}

function bodyOf(token: string): string {
  return Buffer.from(token.split(".")[1] as string, "base64url").toString();
}

function operators() {
  const operator = claimsOf(tokenIn("operator.jwt"));
  return trustOperators(operator.kind === "operator" ? [operator] : []);
}

function loginWith(name: string, facts: Partial<JudgeFacts> = {}) {
  const creds = parseCreds(goldenText(`nsc/${name}.creds`));
  if (!creds.ok) throw new Error(creds.error);
  const signature = signerFromSeed(creds.value.seed)?.sign(NONCE) ?? Buffer.alloc(0);
  const user = claimsOf(creds.value.token) as UserClaims;
  const account = ["exporter", "importer", "callout"].find(
    (one) => claimsOf(tokenIn(`account-${one}.jwt`)).subject === user.nats.issuerAccount,
  );
  const all: JudgeFacts = {
    connectionType: "STANDARD",
    host: "127.0.0.1",
    nonce: NONCE,
    signature: Buffer.from(signature).toString("base64url"),
    timeZone: "UTC",
    viaTrustedProxy: false,
    ...facts,
  };
  const accountToken = tokenIn(`account-${account}.jwt`);
  return judgeUser(creds.value.token, accountToken, operators(), NOW_MS, all, verifier);
}

describe("files of nsc", () => {
  test.each([...TOKENS, ...CREDS.map((name) => `${name}.creds`)])(
    "%s: read, written byte for byte, hash and findings",
    (file) => {
      const token = tokenIn(file);
      const claims = claimsOf(token);
      expect(claimsToJson(claims)).toBe(bodyOf(token));
      expect(claimHash(claims)).toBe(claims.id);
      expect(validateClaims(claims, NOW_MS / 1_000, verifier)).toEqual([]);
    },
  );

  test.each(CREDS)("%s.creds: both parts, and the same file again", (name) => {
    const text = goldenText(`nsc/${name}.creds`);
    const creds = parseCreds(text);
    if (!creds.ok) throw new Error(creds.error);
    expect(signerFromSeed(creds.value.seed)?.publicKey).toBe(claimsOf(creds.value.token).subject);
    const again = formatCreds(creds.value.token, creds.value.seed, verifier);
    // nsc ends what it prints with one more line end.
    expect(again.ok && `${again.value}\n`).toBe(text);
  });

  test("AC-52: the hash of an activation names its file", () => {
    const decoded = decodeTokenOf("activation", tokenIn("activation-secret.jwt"), verifier);
    expect(decoded.ok && activationHash(decoded.claims)).toMatch(/^[A-Z2-7]{52}====$/);
  });

  test("AN-44, AN-50, AN-51: a user of a signing key with rights of its own", () => {
    const verdict = loginWith("plain", { host: "192.168.7.7" });
    expect(verdict).toMatchObject({
      ok: true,
      identity: {
        userName: "plain",
        accountName: "EXPORTER",
        tags: ["team:a", "x"],
        permissions: {
          publish: { allow: ["a.>", "b"] },
          subscribe: { allow: ["c queue"], deny: ["d.*"] },
          responses: { messagesMax: 3, expiresMs: 2_000 },
        },
        subscriptionsMax: 5,
        payloadBytesMax: 1_000,
        connectionTypes: ["MQTT", "STANDARD"],
        // 23:59:59 in New York.
        expiresAtMs: Date.UTC(2026, 10, 24, 4, 59, 59),
      },
    });
    expect(loginWith("plain")).toMatchObject({
      refusal: { reason: "source address not allowed" },
    });
  });

  test("AN-52, AN-53: a user of a scoped signing key", () => {
    expect(loginWith("scoped")).toMatchObject({
      ok: true,
      identity: {
        permissions: {
          publish: {
            allow: ["team.a.>", "team.b.>", "user.scoped"],
            deny: ["team.a.secret", "team.b.secret"],
          },
          subscribe: { allow: [expect.stringMatching(/^_INBOX\.U.*\.>$/), "EXPORTER.sales.in"] },
          responses: { messagesMax: 2, expiresMs: 60_000 },
        },
        subscriptionsMax: 20,
        payloadBytesMax: 512,
        connectionTypes: ["STANDARD", "WEBSOCKET"],
        // 18:00 in Berlin.
        expiresAtMs: Date.UTC(2026, 10, 23, 17, 0, 0),
      },
    });
  });

  test("AN-49: a revoked user; AN-46: a bearer token without a signature", () => {
    expect(loginWith("gone")).toMatchObject({ refusal: { reason: "user revoked" } });
    expect(loginWith("untagged")).toMatchObject({ refusal: { reason: "template not resolved" } });
    expect(loginWith("sentinel", { signature: undefined })).toMatchObject({
      ok: true,
      identity: { isBearer: true, permissions: { publish: { deny: [">"] } } },
    });
    expect(loginWith("importing", { signature: undefined })).toMatchObject({
      refusal: { reason: "signature missing" },
    });
  });

  test("AC-50 to AC-52: exports, imports and activations compile", () => {
    const trusted = ["exporter", "importer", "sys"].map((name) => {
      const claims = claimsOf(tokenIn(`account-${name}.jwt`)) as AccountClaims;
      const verdict = trustAccount(claims.subject, claims, operators(), NOW_MS, verifier);
      if (!verdict.ok) throw new Error(verdict.refusal.detail);
      return verdict.account;
    });
    const made = accountSpecs(trusted, NOW_MS, verifier);
    expect(made.problems).toEqual([]);
    expect(made.validUntilMs).toBe(Date.UTC(2091, 0, 1));
    const systemAccount = trusted[2]?.key;
    const compiled = compileAccounts(made.specs, { systemAccount });
    expect(compiled).toMatchObject({ ok: true });
    if (!compiled.ok) return;
    expect(compiled.snapshot.streamImports).toHaveLength(2);
    expect(compiled.snapshot.serviceImports).toHaveLength(2);
  });
});

describe("tokens of version 1", () => {
  test.each(["operator", "account", "user", "activation"])(
    "%s: read and migrated as by the reference",
    (name) => {
      const token = goldenText(`v1/${name}.jwt`).trim();
      const claims = claimsOf(token);
      expect(claimsToJson(claims)).toBe(goldenText(`v1/${name}.migrated.txt`).trim());
    },
  );

  test("generic claims", () => {
    const claims = claimsOf(goldenText("v1/generic.jwt").trim());
    expect(claims).toMatchObject({ kind: "generic", nats: new Map([["k", "v"]]) });
  });
});
