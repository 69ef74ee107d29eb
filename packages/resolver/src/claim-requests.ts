// Requests about claims in the system account, for directories: what is answered and what it does
// (AC-86 to AC-92, GP-8). Texts are the reference's, word by word, where the reference has one.
// Control thread; pure. Must stay true: "jwt updated" is said when the disk has it and not before; a
// JWT that no trusted operator key has signed is never kept.
import type { AccountFacts, ClaimFault, ClaimReader } from "./claim-reader.ts";
import { REFERENCE_ERROR, REFUSAL_CODES } from "./claim-replies.ts";
import type { AcceptVerdict, ClaimStore } from "./claim-store.ts";
import { type ClaimRequestName, claimRequestOf } from "./claim-subjects.ts";
import type { ResolverEffect } from "./effects.ts";
import { deletedAccounts } from "./proofs.ts";
import { RESOLVER_LIMITS } from "./resolver-limits.ts";

/** A request as it came. */
export interface ClaimRequest {
  readonly subject: string;
  /** Empty = nobody waits for an answer. */
  readonly reply: string;
  /** Without headers. */
  readonly payload: Uint8Array;
}

/** What the requests need to know of the server. */
export interface ClaimRequestPorts {
  /** Accounts that are in use; a cache keeps only JWTs of those. */
  isLoaded(key: string): boolean;
  /** Told when something changed here. */
  changed(): void;
}

interface Words {
  readonly failed: string;
  readonly invalid: string;
  readonly done: string;
}

const FULL_WORDS: Words = {
  failed: "jwt update resulted in error",
  invalid: "jwt validation failed",
  done: "jwt updated",
};

const CACHE_WORDS: Words = {
  failed: "jwt update cache resulted in error",
  invalid: "jwt update cache validation failed",
  done: "jwt updated cache",
};

interface Refusal {
  readonly code: number;
  readonly text: string;
}

/** Why a JWT was not kept. */
const REFUSALS: Readonly<Record<Exclude<AcceptVerdict, "stored" | "ranked" | "same">, Refusal>> = {
  older: { code: REFUSAL_CODES.conflict, text: "a newer jwt of this account is stored" },
  deleted: {
    code: REFUSAL_CODES.conflict,
    text: "this account was deleted after the jwt was issued",
  },
  crowded: { code: REFUSAL_CODES.conflict, text: "too many jwts were issued in the same second" },
  full: { code: REFERENCE_ERROR, text: "jwt store is full" },
  nameless: { code: REFERENCE_ERROR, text: "subject is no account key" },
  expired: { code: REFERENCE_ERROR, text: "claim is expired" },
  future: { code: REFUSAL_CODES.badRequest, text: "jwt is issued in the future" },
  "read-only": { code: REFERENCE_ERROR, text: "store is read-only" },
  busy: { code: REFERENCE_ERROR, text: "too many updates are waiting" },
};

export class ClaimRequests {
  readonly #store: ClaimStore;
  readonly #reader: ClaimReader;
  readonly #ports: ClaimRequestPorts;
  readonly #out: ResolverEffect[];
  readonly #words: Words;

  constructor(
    store: ClaimStore,
    reader: ClaimReader,
    ports: ClaimRequestPorts,
    out: ResolverEffect[],
  ) {
    this.#store = store;
    this.#reader = reader;
    this.#ports = ports;
    this.#out = out;
    this.#words = store.options.type === "cache" ? CACHE_WORDS : FULL_WORDS;
  }

  /** Handles a request of the system account; false = the subject is none of ours. */
  handle(request: ClaimRequest, nowMs: number): boolean {
    const name = claimRequestOf(request.subject);
    if (name === undefined) return false;
    if (name.kind === "update" || name.kind === "claims-update") this.#update(request, name, nowMs);
    else if (name.kind === "delete") this.#delete(request, nowMs);
    else if (request.reply !== "") this.#read(request, name, nowMs);
    return true;
  }

  #read({ reply, payload }: ClaimRequest, { kind, key }: ClaimRequestName, nowMs: number): void {
    if (kind === "list") {
      this.#out.push({
        kind: "reply",
        subject: reply,
        body: { kind: "list", keys: this.#store.keys(nowMs) },
      });
    } else if (kind === "lookup") {
      const claim = this.#store.find(key, nowMs);
      if (claim === undefined) this.#out.push({ kind: "reply-empty", subject: reply });
      else this.#out.push({ kind: "reply-claim", subject: reply, key });
    } else {
      const isEqual = Buffer.compare(payload, this.#store.set.sum()) === 0;
      const keys = isEqual ? [] : this.#store.keys(nowMs);
      this.#out.push({ kind: "reply-pack", subject: reply, keys });
    }
  }

  // ---- updates

  #update({ reply, payload }: ClaimRequest, name: ClaimRequestName, nowMs: number): void {
    if (payload.length > RESOLVER_LIMITS.claimBytesMax) {
      this.#fail(reply, name.key || "n/a", this.#words.failed, {
        code: REFUSAL_CODES.tooLarge,
        text: "jwt is too large",
      });
      return;
    }
    const text = Buffer.from(payload).toString("latin1");
    const isOlder = (key: string, issuedAt: number): boolean =>
      (this.#store.set.live(key)?.stamp ?? issuedAt) > issuedAt;
    const facts = this.#reader.verifyAccountJwt(text, nowMs, isOlder);
    const isCache = this.#store.options.type === "cache";
    const subject = facts.subject ?? "";
    const isMalformed = !facts.ok && (facts.fault ?? "malformed") === "malformed";
    if (isMalformed) {
      const account = isCache && name.kind === "update" ? name.key : "n/a";
      this.#fail(reply, account, this.#words.failed, {
        code: REFERENCE_ERROR,
        text: facts.error,
      });
    } else if (name.kind === "update" && subject !== name.key) {
      const text = "subject does not match jwt content";
      this.#fail(reply, name.key, this.#words.failed, { code: REFERENCE_ERROR, text });
    } else if (isCache && !this.#ports.isLoaded(subject)) {
      this.#say(reply, subject, "jwt update cache skipped");
    } else if (!facts.ok) {
      this.#refuseFault(reply, subject, facts);
    } else {
      this.#accept(reply, facts, nowMs);
    }
  }

  #refuseFault(reply: string, subject: string, { fault, error }: ClaimFault): void {
    if (fault === "invalid") {
      this.#fail(reply, subject, this.#words.invalid, { code: REFERENCE_ERROR, text: error });
    } else if (fault === "identity-key") {
      const text = "operator requires issuer to be a signing key";
      this.#fail(reply, subject, this.#words.failed, { code: REFERENCE_ERROR, text });
    } else if (fault === "older") {
      this.#fail(reply, subject, this.#words.failed, REFUSALS.older);
    } else {
      const text = "issuer is not trusted";
      this.#fail(reply, subject, this.#words.failed, { code: REFUSAL_CODES.untrusted, text });
    }
  }

  /** Its times do not count here: a JWT may be brought before it is good. */
  #accept(reply: string, facts: AccountFacts, nowMs: number): void {
    const { subject } = facts;
    const { failed, done } = this.#words;
    const verdict = this.#store.accept(facts, "next", nowMs, (error) => {
      if (error === undefined) this.#say(reply, subject, done);
      else this.#fail(reply, subject, failed, { code: REFERENCE_ERROR, text: error });
    });
    if (verdict === "stored" || verdict === "ranked") this.#ports.changed();
    else if (verdict !== "same") this.#fail(reply, subject, failed, REFUSALS[verdict]);
  }

  // ---- deletion

  #delete({ reply, payload }: ClaimRequest, nowMs: number): void {
    const text = Buffer.from(payload).toString("latin1");
    const claim = this.#reader.readSigned(text);
    const subject = claim.ok ? claim.subject : "";
    const refusal = this.#deleteRefusal(payload, nowMs);
    const failed = `delete accounts request by ${subject} failed`;
    if (!claim.ok || refusal !== undefined) {
      const why = refusal ?? { code: REFERENCE_ERROR, text: "malformed request" };
      this.#fail(reply, "", failed, why);
      return;
    }
    const keys = deletedAccounts(claim.accounts) ?? [];
    const newer = keys.filter((key) => (this.#store.set.live(key)?.stamp ?? 0) > claim.issuedAt);
    const verdict = this.#store.bury(claim.text, nowMs, (error) => {
      const deleted = keys.length - newer.length;
      if (error !== undefined) {
        this.#fail(reply, "", failed, { code: REFERENCE_ERROR, text: error });
      } else if (newer.length === 0) {
        this.#say(reply, "", `deleted ${deleted} accounts`);
      } else {
        const what = `deleted ${deleted} accounts, failed for ${newer.length}`;
        const why = newer.map((key) => `a newer jwt of account ${key} is stored`).join("\n");
        this.#fail(reply, "", what, { code: REFUSAL_CODES.conflict, text: why });
      }
    });
    if (verdict === "buried") this.#ports.changed();
    else if (verdict !== "known") {
      const why = verdict === "busy" ? "too many updates are waiting" : "malformed request";
      this.#fail(reply, "", failed, { code: REFERENCE_ERROR, text: why });
    }
  }

  /** What speaks against a deletion, in the reference's order. */
  #deleteRefusal(payload: Uint8Array, nowMs: number): Refusal | undefined {
    if (payload.length > RESOLVER_LIMITS.claimBytesMax) {
      return { code: REFUSAL_CODES.tooLarge, text: "request is too large" };
    }
    const claim = this.#reader.readSigned(Buffer.from(payload).toString("latin1"));
    const refuse = (text: string, code: number = REFERENCE_ERROR): Refusal => ({ code, text });
    const { deletion, systemAccount, graveLifeMs } = this.#store.options;
    if (!claim.ok) return refuse(claim.error);
    if (deletion === "none") return refuse("delete must be enabled in server config");
    if (claim.subject !== claim.issuer) return refuse("not self signed");
    if (!this.#reader.isOperatorKey(claim.issuer)) return refuse("not trusted");
    const keys = deletedAccounts(claim.accounts);
    if (keys === undefined) return refuse("malformed request");
    if (keys.includes(systemAccount)) return refuse("not allowed to delete system account");
    const issuedMs = claim.issuedAt * 1000;
    if (claim.expires > 0 && claim.expires * 1000 <= nowMs) return refuse("claim is expired");
    if (issuedMs > nowMs + RESOLVER_LIMITS.futureIssueMsMax) {
      return refuse("request is issued in the future", REFUSAL_CODES.badRequest);
    }
    if (issuedMs + graveLifeMs / 2 <= nowMs) {
      return refuse("request is too old", REFUSAL_CODES.badRequest);
    }
    return undefined;
  }

  // ---- answers

  #say(reply: string, account: string, message: string): void {
    const text = account === "" ? message : `${message} - ${account}`;
    this.#out.push({ kind: "log", level: "debug", text });
    if (reply === "") return;
    this.#out.push({ kind: "reply", subject: reply, body: { kind: "status", account, message } });
  }

  #fail(reply: string, account: string, message: string, { code, text }: Refusal): void {
    const named = account === "" ? message : `${message} - ${account}`;
    this.#out.push({ kind: "log", level: "error", text: `${named} - ${text}` });
    if (reply === "") return;
    const description = `${message} - ${text}`;
    this.#out.push({
      kind: "reply",
      subject: reply,
      body: { kind: "error", account, code, description },
    });
  }
}
