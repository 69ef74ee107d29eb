// Claim updates where accounts come from memory or a URL: nothing is kept but by accounts that are in
// use (AC-87, AC-88). Texts are the reference's. Control thread; pure.
import type { ClaimReader } from "./claim-reader.ts";
import { type ClaimReplyBody, REFERENCE_ERROR, REFUSAL_CODES } from "./claim-replies.ts";
import type { ClaimRequest } from "./claim-requests.ts";
import { claimRequestOf } from "./claim-subjects.ts";
import { RESOLVER_LIMITS } from "./resolver-limits.ts";

/** What to do with an update: answer (unless `reply` is empty), and give the account its JWT. */
export interface UpdateOutcome {
  readonly body: ClaimReplyBody;
  /** The account in use that gets another JWT; undefined = none. */
  readonly apply?: { readonly key: string; readonly text: string } | undefined;
}

/** Undefined = the request is for somebody else. */
export function handleUpdate(
  { subject, payload }: ClaimRequest,
  reader: ClaimReader,
  isLoaded: (key: string) => boolean,
  nowMs: number,
): UpdateOutcome | undefined {
  const name = claimRequestOf(subject);
  if (name?.kind !== "update") return undefined;
  const { key } = name;
  if (payload.length === 0) return failed(key, "jwt update error", "request body is empty");
  const what = "jwt update resulted in error";
  if (payload.length > RESOLVER_LIMITS.claimBytesMax) {
    return failed(key, what, "jwt is too large", REFUSAL_CODES.tooLarge);
  }
  const text = Buffer.from(payload).toString("latin1");
  const facts = reader.verifyAccountJwt(text, nowMs);
  if (!facts.ok && (facts.fault ?? "malformed") === "malformed") {
    return failed(key, what, facts.error);
  }
  if (facts.subject !== key) return failed(key, what, "subject does not match jwt content");
  if (!isLoaded(key))
    return { body: { kind: "status", account: key, message: "jwt update skipped" } };
  // It would be used at once, and nowhere be kept.
  if (!facts.ok || facts.timeFault !== undefined) {
    return failed(key, what, "account validation failed");
  }
  const body: ClaimReplyBody = { kind: "status", account: key, message: "jwt updated" };
  return { body, apply: { key, text: facts.text } };
}

function failed(
  account: string,
  what: string,
  why: string,
  code: number = REFERENCE_ERROR,
): UpdateOutcome {
  return { body: { kind: "error", account, code, description: `${what} - ${why}` } };
}
