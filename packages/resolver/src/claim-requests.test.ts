// What operators read after nsc push, pull and delete: texts and JSON of the reference, and where Weft
// refuses more (AC-86 to AC-92, GP-8).
import { createPrng } from "@weft/base";
import { describe, expect, test } from "vitest";
import type { ClaimReader } from "./claim-reader.ts";
import { encodeClaimReply } from "./claim-replies.ts";
import { CLAIM_SUBSCRIPTIONS, claimRequestOf } from "./claim-subjects.ts";
import { DirectoryNode, type DirectoryNodeOptions } from "./directory-node.ts";
import type { ResolverEffect } from "./effects.ts";
import {
  accountClaim,
  accountKey,
  deleteClaim,
  OPERATOR,
  plainReader,
} from "./testing/plain-claims.ts";
import { handleUpdate } from "./update-requests.ts";

const A = accountKey(1);
const B = accountKey(2);
const SYSTEM = accountKey(3);
const NOW = { monotonicMs: 0, unixMs: 1_000_000_000 };
const SECONDS = 1_000_000;
const SERVER = { name: "S", id: "N" };

const OPTIONS: DirectoryNodeOptions = {
  type: "full",
  sharded: false,
  limit: 2,
  ttlMs: 0,
  deletion: "soft",
  systemAccount: SYSTEM,
  graveLifeMs: 86_400_000,
  syncIntervalMs: 1_000,
  fetchTimeoutMs: 100,
};

/** Marks that begin with "?" are invalid, with "=" signed by the operator's identity key. */
const reader: ClaimReader = {
  ...plainReader,
  verifyAccountJwt(text, nowMs, isOlder) {
    const facts = plainReader.verifyAccountJwt(text, nowMs, isOlder);
    if (!facts.ok || !/^[?=]/.test(facts.jti)) return facts;
    const { subject } = facts;
    if (facts.jti.startsWith("=")) return { ok: false, error: "x", fault: "identity-key", subject };
    return { ok: false, error: "validation errors: [bad]", fault: "invalid", subject };
  },
};

class Desk {
  readonly node: DirectoryNode;
  error: string | undefined;
  readonly #loaded: ReadonlySet<string>;

  constructor(options: Partial<DirectoryNodeOptions> = {}, loaded: readonly string[] = []) {
    this.#loaded = new Set(loaded);
    const ports = {
      reader,
      prng: createPrng(1),
      isLoaded: (key: string) => this.#loaded.has(key),
    };
    this.node = new DirectoryNode({ ...OPTIONS, ...options }, ports, NOW);
  }

  /** What is answered; file effects are done, or fail with `error`. */
  ask(subject: string, text: string, unixMs = NOW.unixMs): (string | ResolverEffect)[] {
    const payload = Buffer.from(text);
    const now = { ...NOW, unixMs };
    expect(this.node.onRequest({ subject, reply: "R", payload }, now)).toBe(true);
    const answers: (string | ResolverEffect)[] = [];
    for (let effects = this.node.takeEffects(); effects.length > 0; ) {
      for (const effect of effects) {
        if (effect.kind === "files") this.node.store.filesDone(effect.ticket, this.error);
        else if (effect.kind === "reply") answers.push(encodeClaimReply(effect.body, SERVER));
        else if (effect.kind !== "log") answers.push(effect);
      }
      effects = this.node.takeEffects();
    }
    return answers;
  }

  push(text: string, key = A): (string | ResolverEffect)[] {
    return this.ask(`$SYS.REQ.ACCOUNT.${key}.CLAIMS.UPDATE`, text);
  }
}

const server = '"server":{"name":"S","id":"N"}';
const wrong = (account: string, code: number, description: string): string =>
  `{${server},"error":{"account":"${account}","code":${code},"description":"${description}"}}`;
const done = (account: string, message: string): string =>
  `{${server},"data":{"account":"${account}","code":200,"message":"${message}"}}`;

describe("AC-87, AC-88: updates of a full directory", () => {
  const good = accountClaim(A, SECONDS, 0, "a");

  test.each([
    "$SYS.REQ.CLAIMS.UPDATE",
    `$SYS.REQ.ACCOUNT.${A}.CLAIMS.UPDATE`,
    `$SYS.ACCOUNT.${A}.CLAIMS.UPDATE`,
  ])("%s stores, and says so once the disk has it", (subject) => {
    const desk = new Desk();
    const changed = { kind: "changed", key: A, text: good };
    expect(desk.ask(subject, good)).toEqual([changed, done(A, "jwt updated")]);
    expect(desk.ask(subject, good)).toEqual([done(A, "jwt updated")]);
  });

  test("the reference's refusals", () => {
    const desk = new Desk();
    const failed = "jwt update resulted in error";
    expect(desk.push("nonsense")).toEqual([wrong("n/a", 500, `${failed} - no account claim`)]);
    expect(desk.push(good, B)).toEqual([
      wrong(B, 500, `${failed} - subject does not match jwt content`),
    ]);
    expect(desk.push(accountClaim(A, SECONDS, 0, "?"))).toEqual([
      wrong(A, 500, "jwt validation failed - validation errors: [bad]"),
    ]);
    expect(desk.push(accountClaim(A, SECONDS, 0, "="))).toEqual([
      wrong(A, 500, `${failed} - operator requires issuer to be a signing key`),
    ]);
    expect(desk.push(good)).toHaveLength(2);
    expect(desk.push(accountClaim(B, SECONDS, 0, "b"), B)).toHaveLength(2);
    const third = accountKey(9);
    expect(desk.push(accountClaim(third, SECONDS, 0, "c"), third)).toEqual([
      wrong(third, 500, `${failed} - jwt store is full`),
    ]);
  });

  test("AC-87: the times of a JWT do not count when it is brought; an expired one goes later", () => {
    const desk = new Desk();
    const over = accountClaim(A, SECONDS, SECONDS - 10, "a");
    const changed = { kind: "changed", key: A, text: over };
    expect(desk.push(over)).toEqual([changed, done(A, "jwt updated")]);
    expect(desk.node.store.find(A, NOW.unixMs)).toBeUndefined();
    desk.node.store.expire(NOW.unixMs);
    expect(desk.node.store.set.size).toBe(0);
    // From elsewhere it does not come.
    desk.node.keep(over, NOW);
    expect(desk.node.store.set.size).toBe(0);
  });

  test("AC-88: what is older than the stored one is refused before it is looked at", () => {
    const desk = new Desk();
    desk.push(good);
    expect(desk.push(accountClaim(A, SECONDS - 1, 0, "?"))).toEqual([
      wrong(A, 409, "jwt update resulted in error - a newer jwt of this account is stored"),
    ]);
  });

  test("GP-8: nobody's signature but a trusted operator's; ADR 0013: nothing older", () => {
    const desk = new Desk();
    const failed = "jwt update resulted in error";
    expect(desk.push(accountClaim(A, SECONDS, 0, "!"))).toEqual([
      wrong(A, 403, `${failed} - issuer is not trusted`),
    ]);
    expect(desk.node.store.set.size).toBe(0);
    desk.push(good);
    expect(desk.push(accountClaim(A, SECONDS - 1, 0, "b"))).toEqual([
      wrong(A, 409, `${failed} - a newer jwt of this account is stored`),
    ]);
    expect(desk.push(accountClaim(A, SECONDS + 86_401, 0, "b"))).toEqual([
      wrong(A, 400, `${failed} - jwt is issued in the future`),
    ]);
    expect(desk.push("x".repeat(1_000_001))).toEqual([
      wrong(A, 413, `${failed} - jwt is too large`),
    ]);
  });

  test("a disk that fails is told, and the account is as the disk has it", () => {
    const desk = new Desk();
    desk.error = "ENOSPC";
    const [reread, reply] = [...desk.push(good)].reverse();
    expect([reread, reply]).toContainEqual(wrong(A, 500, "jwt update resulted in error - ENOSPC"));
    expect([reread, reply]).toContainEqual({ kind: "reread", key: A });
    desk.node.store.reread(A, undefined, NOW.unixMs);
    expect(desk.node.store.set.size).toBe(0);
  });
});

describe("AC-87, AC-88: updates elsewhere", () => {
  test("a cache keeps accounts that are in use", () => {
    const desk = new Desk({ type: "cache" }, [A]);
    expect(desk.push(accountClaim(B, SECONDS, 0, "b"), B)).toEqual([
      done(B, "jwt update cache skipped"),
    ]);
    const answers = desk.push(accountClaim(A, SECONDS, 0, "a"));
    expect(answers).toContain(done(A, "jwt updated cache"));
    expect(desk.push(accountClaim(A, SECONDS, 0, "?"))).toEqual([
      wrong(A, 500, "jwt update cache validation failed - validation errors: [bad]"),
    ]);
    expect(desk.push("x")).toEqual([
      wrong(A, 500, "jwt update cache resulted in error - no account claim"),
    ]);
  });

  test("SA-14: a read-only directory takes nothing", () => {
    const desk = new Desk({ type: "file", deletion: "none" });
    expect(desk.push(accountClaim(A, SECONDS, 0, "a"))).toEqual([
      wrong(A, 500, "jwt update resulted in error - store is read-only"),
    ]);
  });

  test("memory and URL: only accounts in use, nothing is kept", () => {
    const ask = (text: string, isLoaded: boolean) =>
      handleUpdate(
        { subject: `$SYS.ACCOUNT.${A}.CLAIMS.UPDATE`, reply: "", payload: Buffer.from(text) },
        reader,
        () => isLoaded,
        NOW.unixMs,
      );
    const good = accountClaim(A, SECONDS, 0, "a");
    expect(ask("", true)?.body).toMatchObject({
      description: "jwt update error - request body is empty",
    });
    expect(ask(good, false)?.body).toMatchObject({ message: "jwt update skipped" });
    expect(ask(good, true)).toEqual({
      body: { kind: "status", account: A, message: "jwt updated" },
      apply: { key: A, text: good },
    });
    expect(ask(accountClaim(A, SECONDS, 0, "!"), true)?.body).toMatchObject({
      description: "jwt update resulted in error - account validation failed",
    });
    expect(ask(accountClaim(B, SECONDS, 0, "a"), true)?.body).toMatchObject({
      description: "jwt update resulted in error - subject does not match jwt content",
    });
  });
});

describe("AC-86, AC-89: reading", () => {
  test("lookup, list and pack", () => {
    const desk = new Desk();
    desk.push(accountClaim(B, SECONDS, 0, "b"), B);
    desk.push(accountClaim(A, SECONDS, 0, "a"));
    const lookup = (key: string) => desk.ask(`$SYS.REQ.ACCOUNT.${key}.CLAIMS.LOOKUP`, "");
    expect(lookup(A)).toEqual([{ kind: "reply-claim", subject: "R", key: A }]);
    expect(lookup(SYSTEM)).toEqual([{ kind: "reply-empty", subject: "R" }]);
    expect(lookup("x/etc/passwd")).toEqual([{ kind: "reply-empty", subject: "R" }]);
    const keys = [A, B].sort();
    expect(desk.ask("$SYS.REQ.CLAIMS.LIST", "")).toEqual([
      `{"data":["${keys.join('","')}"],${server}}`,
    ]);
    const pack = { kind: "reply-pack", subject: "R" };
    expect(desk.ask("$SYS.REQ.CLAIMS.PACK", "")).toEqual([{ ...pack, keys }]);
    const sum = Buffer.from(desk.node.store.set.sum());
    const request = { subject: "$SYS.REQ.CLAIMS.PACK", reply: "R", payload: sum };
    desk.node.onRequest(request, NOW);
    expect(desk.node.takeEffects()).toEqual([{ ...pack, keys: [] }]);
  });

  test("each kind listens to what the reference listens to", () => {
    expect(CLAIM_SUBSCRIPTIONS.memory).toHaveLength(2);
    expect(CLAIM_SUBSCRIPTIONS.cache).toHaveLength(5);
    expect(CLAIM_SUBSCRIPTIONS.full).toContainEqual({
      subject: "$SYS.REQ.CLAIMS.PACK",
      queue: "responder",
    });
    for (const { subject } of CLAIM_SUBSCRIPTIONS.full) {
      expect(claimRequestOf(subject.replace("*", A)), subject).toBeDefined();
    }
    for (const subject of [
      "$SYS.REQ.CLAIMS",
      `$SYS.ACCOUNT.${A}.CLAIMS.LOOKUP`,
      "a.b",
      "toString",
    ]) {
      expect(claimRequestOf(subject)).toBeUndefined();
    }
  });
});

describe("AC-90: deletion", () => {
  const erase = (desk: Desk, text: string) => desk.ask("$SYS.REQ.CLAIMS.DELETE", text);
  const failed = (who: string, code: number, why: string): string =>
    `{${server},"error":{"code":${code},"description":"delete accounts request by ${who} failed - ${why}"}}`;

  test("an operator key ends accounts, and they do not come back", () => {
    const desk = new Desk();
    desk.push(accountClaim(A, SECONDS, 0, "a"));
    expect(erase(desk, deleteClaim([A, B], SECONDS))).toEqual([
      { kind: "deleted", key: A },
      `{${server},"data":{"code":200,"message":"deleted 2 accounts"}}`,
    ]);
    expect(desk.push(accountClaim(A, SECONDS, 0, "a"))).toEqual([
      wrong(
        A,
        409,
        "jwt update resulted in error - this account was deleted after the jwt was issued",
      ),
    ]);
    expect(desk.push(accountClaim(A, SECONDS + 1, 0, "a"))).toHaveLength(2);
    expect(erase(desk, deleteClaim([A, B], SECONDS))).toEqual([
      `{${server},"error":{"code":409,"description":"deleted 1 accounts, failed for 1 - a newer jwt of account ${A} is stored"}}`,
    ]);
  });

  test("the reference's refusals, in its order", () => {
    const off = new Desk({ deletion: "none" });
    const fault = "delete must be enabled in server config";
    expect(erase(off, deleteClaim([A], SECONDS))).toEqual([failed(OPERATOR, 500, fault)]);
    const desk = new Desk();
    expect(erase(desk, "nonsense")).toEqual([failed("", 500, "claim is no claim")]);
    expect(erase(desk, accountClaim(A, SECONDS, 0, "a"))).toEqual([
      failed(A, 500, "not self signed"),
    ]);
    expect(erase(desk, `delete;${A};1;${A}`)).toEqual([failed(A, 500, "not trusted")]);
    expect(erase(desk, deleteClaim(["x"], SECONDS))).toEqual([
      failed(OPERATOR, 500, "malformed request"),
    ]);
    expect(erase(desk, deleteClaim([A, SYSTEM], SECONDS))).toEqual([
      failed(OPERATOR, 500, "not allowed to delete system account"),
    ]);
  });

  test("a request that would be forgotten too soon, or that nothing could follow, is refused", () => {
    const desk = new Desk();
    expect(erase(desk, deleteClaim([A], SECONDS - 43_200))).toEqual([
      failed(OPERATOR, 400, "request is too old"),
    ]);
    expect(erase(desk, deleteClaim([A], SECONDS + 86_401))).toEqual([
      failed(OPERATOR, 400, "request is issued in the future"),
    ]);
  });
});
