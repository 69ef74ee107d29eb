// Subjects of claim requests in the system account, and what each kind of resolver listens to
// (AC-86 to AC-90). Any thread; pure.

export type ClaimRequestKind = "update" | "claims-update" | "lookup" | "list" | "pack" | "delete";

/** A request, as far as its subject says. `key` is unchecked; empty where the subject has none. */
export interface ClaimRequestName {
  readonly kind: ClaimRequestKind;
  readonly key: string;
}

/** One subscription of a resolver in the system account. */
export interface ClaimSubscription {
  readonly subject: string;
  /** One of the group answers; undefined = everybody does. */
  readonly queue?: string | undefined;
}

export type ResolverType = "memory" | "url" | "full" | "cache" | "file";

const UPDATE_OLD = { subject: "$SYS.ACCOUNT.*.CLAIMS.UPDATE" };
const UPDATE_NEW = { subject: "$SYS.REQ.ACCOUNT.*.CLAIMS.UPDATE" };
const CLAIMS_UPDATE = { subject: "$SYS.REQ.CLAIMS.UPDATE" };
const LOOKUP = { subject: "$SYS.REQ.ACCOUNT.*.CLAIMS.LOOKUP" };
const PACK = { subject: "$SYS.REQ.CLAIMS.PACK", queue: "responder" };
const LIST = { subject: "$SYS.REQ.CLAIMS.LIST" };
const DELETE = { subject: "$SYS.REQ.CLAIMS.DELETE" };

/** What each kind of resolver answers; the others leave requests without responders. */
export const CLAIM_SUBSCRIPTIONS: Readonly<Record<ResolverType, readonly ClaimSubscription[]>> = {
  memory: [UPDATE_OLD, UPDATE_NEW],
  url: [UPDATE_OLD, UPDATE_NEW],
  full: [UPDATE_OLD, UPDATE_NEW, CLAIMS_UPDATE, LOOKUP, PACK, LIST, DELETE],
  cache: [UPDATE_OLD, UPDATE_NEW, CLAIMS_UPDATE, LIST, DELETE],
  file: [UPDATE_OLD, UPDATE_NEW, CLAIMS_UPDATE, LOOKUP, PACK, LIST, DELETE],
};

const BY_SUBJECT: Readonly<Record<string, ClaimRequestKind>> = {
  [CLAIMS_UPDATE.subject]: "claims-update",
  [PACK.subject]: "pack",
  [LIST.subject]: "list",
  [DELETE.subject]: "delete",
};

/** What a subject asks for; undefined = it is none of ours. */
export function claimRequestOf(subject: string): ClaimRequestName | undefined {
  const kind = Object.hasOwn(BY_SUBJECT, subject) ? BY_SUBJECT[subject] : undefined;
  if (kind !== undefined) return { kind, key: "" };
  const tokens = subject.split(".");
  if (tokens[0] !== "$SYS") return undefined;
  const [first, ...rest] = tokens[1] === "REQ" ? tokens.slice(2) : tokens.slice(1);
  if (first !== "ACCOUNT" || rest.length !== 3 || rest[1] !== "CLAIMS") return undefined;
  const key = rest[0] as string;
  if (rest[2] === "UPDATE") return { kind: "update", key };
  return rest[2] === "LOOKUP" && tokens[1] === "REQ" ? { kind: "lookup", key } : undefined;
}
