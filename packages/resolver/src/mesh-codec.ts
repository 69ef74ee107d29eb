// Mesh messages as bytes: JSON of one object, `{"v":1,"from":"<node>","kind":…}`. Any thread; pure.
// Must stay true: whatever does not have this shape, within these bounds, is refused as a whole;
// decoding never throws.
import { isPublicKey } from "@weft/auth";
import { BUCKETS } from "./claim-set.ts";
import {
  MESH_LIMITS,
  type MeshMessage,
  type MeshRecord,
  type RecordReference,
  type SummaryEntry,
} from "./mesh-messages.ts";
import { RESOLVER_LIMITS } from "./resolver-limits.ts";
import type { StandingWord } from "./standing.ts";

const VERSION = 1;
const HASH = /^[0-9a-f]{64}$/;
const PART = /^[0-9a-f]{32}$/;
const RANK_MAX = 1_000_000;
/** One token of a subject. */
const NODE = /^[A-Za-z0-9_-]{1,128}$/;
/** A record may be longest; everything else is far below it. */
const MESSAGE_BYTES_MAX = RESOLVER_LIMITS.claimBytesMax + 64 * 1024;

/** A message and who sent it. */
export interface MeshEnvelope {
  readonly from: string;
  readonly message: MeshMessage;
}

/** The subject that all nodes hear, and the one of a single node. */
export const MESH_SUBJECT = "$SYS.REQ.WEFT.CLAIMS";

/** The subject for `to`; undefined = all. */
export function meshSubject(to: string | undefined): string {
  return to === undefined ? MESH_SUBJECT : `${MESH_SUBJECT}.${to}`;
}

export function encodeMeshMessage(from: string, message: MeshMessage): string {
  return JSON.stringify({ v: VERSION, from, ...message });
}

/** Undefined for anything that is no message. */
export function decodeMeshMessage(payload: Uint8Array): MeshEnvelope | undefined {
  if (payload.length > MESSAGE_BYTES_MAX) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(payload).toString("utf8"));
  } catch {
    return undefined;
  }
  if (!isObject(value) || value["v"] !== VERSION) return undefined;
  const from = value["from"];
  if (typeof from !== "string" || !NODE.test(from)) return undefined;
  const message = messageOf(value);
  return message === undefined ? undefined : { from, message };
}

type Fields = Readonly<Record<string, unknown>>;

function messageOf(fields: Fields): MeshMessage | undefined {
  switch (fields["kind"]) {
    case "digest": {
      const parts = listOf(fields["parts"], BUCKETS, isPart);
      const { standing } = fields;
      if (parts?.length !== BUCKETS || !isStanding(standing)) return undefined;
      return { kind: "digest", parts, standing };
    }
    case "ask": {
      const parts = listOf(fields["parts"], MESH_LIMITS.partsPerAsk, isPartNumber);
      return parts && { kind: "ask", parts };
    }
    case "summary":
      return summaryOf(fields);
    case "want": {
      const references = listOf(
        fields["references"],
        MESH_LIMITS.referencesPerMessage,
        isReference,
      );
      return references && { kind: "want", references };
    }
    case "records": {
      const records = listOf(fields["records"], MESH_LIMITS.entriesPerMessage, isRecord);
      return records && { kind: "records", records };
    }
    case "check": {
      const entries = listOf(fields["entries"], MESH_LIMITS.entriesPerMessage, isEntry);
      return entries && { kind: "check", entries };
    }
    default:
      return lookupOf(fields);
  }
}

function summaryOf(fields: Fields): MeshMessage | undefined {
  const part = fields["part"];
  const entries = listOf(fields["entries"], MESH_LIMITS.entriesPerMessage, isEntry);
  const proofs = listOf(fields["proofs"], MESH_LIMITS.entriesPerMessage, isHash);
  if (!isPartNumber(part) || entries === undefined || proofs === undefined) return undefined;
  return { kind: "summary", part, entries, proofs };
}

function lookupOf({ kind, ticket, key, text }: Fields): MeshMessage | undefined {
  if (!isCount(ticket, Number.MAX_SAFE_INTEGER)) return undefined;
  if (kind === "lookup" && isKey(key)) return { kind, ticket, key };
  return kind === "answer" && isText(text) ? { kind, ticket, text } : undefined;
}

function listOf<T>(
  value: unknown,
  countMax: number,
  isItem: (item: unknown) => item is T,
): T[] | undefined {
  if (!Array.isArray(value) || value.length > countMax) return undefined;
  return value.every(isItem) ? value : undefined;
}

function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Not -0: it equals 0 and is written as 0, so that one number would have two forms. */
function isInteger(value: unknown): value is number {
  return Number.isSafeInteger(value) && !Object.is(value, -0);
}

function isCount(value: unknown, max: number): value is number {
  return isInteger(value) && value >= 0 && value <= max;
}

function isPart(value: unknown): value is string {
  return typeof value === "string" && PART.test(value);
}

function isPartNumber(value: unknown): value is number {
  return isCount(value, BUCKETS - 1);
}

function isStanding(value: unknown): value is StandingWord {
  if (!isObject(value)) return false;
  const { kind, lastMs } = value;
  const isKind = kind === "settled" || kind === "new" || kind === "returning";
  return isKind && isCount(lastMs, Number.MAX_SAFE_INTEGER);
}

function isHash(value: unknown): value is string {
  return typeof value === "string" && HASH.test(value);
}

function isKey(value: unknown): value is string {
  return typeof value === "string" && isPublicKey(value, "account");
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value.length <= RESOLVER_LIMITS.claimBytesMax;
}

function isEntry(value: unknown): value is SummaryEntry {
  if (!isObject(value)) return false;
  const { key, stamp, rank, hash } = value;
  return isKey(key) && isInteger(stamp) && isCount(rank, RANK_MAX) && isHash(hash);
}

function isReference(value: unknown): value is RecordReference {
  if (!isObject(value)) return false;
  const { kind, key, id } = value;
  return (kind === "jwt" && isKey(key)) || (kind === "proof" && isHash(id));
}

function isRecord(value: unknown): value is MeshRecord {
  if (!isObject(value)) return false;
  const { kind, rank, text } = value;
  return (kind === "jwt" || kind === "proof") && isCount(rank, RANK_MAX) && isText(text);
}
