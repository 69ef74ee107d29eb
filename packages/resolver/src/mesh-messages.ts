// What nodes of one mesh tell each other about claims (ADR 0013). Any thread; pure.
// Every message may be lost, doubled or late; none assumes that another one arrived.
import type { StandingWord } from "./standing.ts";

/** One account's JWT or one proof, named. */
export type RecordReference =
  | { readonly kind: "jwt"; readonly key: string }
  | { readonly kind: "proof"; readonly id: string };

/** A signed text on its way. `rank` counts for JWTs only. */
export interface MeshRecord {
  readonly kind: "jwt" | "proof";
  readonly rank: number;
  readonly text: string;
}

/** The version of a JWT that a node holds. */
export interface SummaryEntry {
  readonly key: string;
  readonly stamp: number;
  readonly rank: number;
  readonly hash: string;
}

export type MeshMessage =
  /** "This is what I hold": one hash for each part. */
  | { readonly kind: "digest"; readonly parts: readonly string[]; readonly standing: StandingWord }
  /** "Tell me more about these parts." */
  | { readonly kind: "ask"; readonly parts: readonly number[] }
  /** Everything of one part, unless it is cut into pieces. */
  | {
      readonly kind: "summary";
      readonly part: number;
      readonly entries: readonly SummaryEntry[];
      readonly proofs: readonly string[];
    }
  /** "Send me these." */
  | { readonly kind: "want"; readonly references: readonly RecordReference[] }
  | { readonly kind: "records"; readonly records: readonly MeshRecord[] }
  /** "I keep copies of these; is any of them out of date?" */
  | { readonly kind: "check"; readonly entries: readonly SummaryEntry[] }
  | { readonly kind: "lookup"; readonly ticket: number; readonly key: string }
  /** Empty text = not here. */
  | { readonly kind: "answer"; readonly ticket: number; readonly text: string };

/** Bounds of single messages. */
export const MESH_LIMITS = {
  /** Records of one message, in characters; a single one may be longer. */
  recordCharacters: 256 * 1024,
  entriesPerMessage: 1_000,
  referencesPerMessage: 500,
  /** Parts asked about at a time. */
  partsPerAsk: 8,
} as const;

/** Puts records into as few messages as the bounds allow. */
export function recordMessages(records: Iterable<MeshRecord>): MeshMessage[] {
  const messages: MeshMessage[] = [];
  let group: MeshRecord[] = [];
  let characters = 0;
  for (const record of records) {
    if (group.length > 0 && characters + record.text.length > MESH_LIMITS.recordCharacters) {
      messages.push({ kind: "records", records: group });
      group = [];
      characters = 0;
    }
    group.push(record);
    characters += record.text.length;
  }
  if (group.length > 0) messages.push({ kind: "records", records: group });
  return messages;
}

/** `list` in pieces of at most `size`; none for an empty list. */
export function inPieces<T>(list: readonly T[], size: number): T[][] {
  const pieces: T[][] = [];
  for (let at = 0; at < list.length; at += size) pieces.push(list.slice(at, at + size));
  return pieces;
}
