// A small configuration and what `-t` says about it: Weft, nats-server 2.9.10 and nats-server 2.14.0.
// Rows where they differ say why. Data for tests. In a text, `{certs}` is a folder with certificates.

export interface Verdict {
  /** Rows of the feature map that it is about. */
  readonly row: string;
  readonly text: string;
  /** Weft's verdict. */
  readonly valid: boolean;
  /** Recorded verdicts of nats-server by its version. */
  readonly reference: Readonly<Record<ReferenceVersion, ReferenceVerdict>>;
  /** Why they differ; undefined when they do not. */
  readonly reason?: string | undefined;
  readonly environment?: Readonly<Record<string, string>> | undefined;
  /** Further files in the folder of the configuration, by name. */
  readonly files?: Readonly<Record<string, string>> | undefined;
}

export type ReferenceVersion = "2.9.10" | "2.14.0";
/** `either` where it depends on the order of a hash table. */
export type ReferenceVerdict = boolean | "either";

export const STARTS_ONLY =
  "the reference refuses it only when it starts (docs/compat/17-corrections.md)";
export const NEWER = "the reference does so from a later version on";
export const NEWEST = "the reference does so from a version after 2.14.0 on";
export const LOSES_KEYS = "the reference drops the key or its map without a word";
export const LOSES_SLASH = "the reference drops a slash in front of a key";
export const LOSES_END = "the reference does not miss what the end of the file cut off";
export const RANDOM = "the reference's verdict depends on the order of a hash table";
export const UNCHECKED = "the reference does not check it and fails or misbehaves later";
export const ENVIRONMENT_LISTS = "some options of the reference refuse a list from the environment";
export const BYTE_ORDER_MARK = "editors put a byte order mark at the front; the reference reads it";
export const NOT_BUILT = "the part of the server that it belongs to is not built yet";
export const OWN = "an option of Weft";

export interface VerdictSurroundings {
  readonly environment?: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string>>;
}

function row(
  name: string,
  text: string,
  verdicts: readonly [weft: boolean, old: ReferenceVerdict, now: ReferenceVerdict],
  around: VerdictSurroundings,
  reason?: string,
): Verdict {
  const [valid, old, now] = verdicts;
  const reference = { "2.9.10": old, "2.14.0": now };
  return { row: name, text, valid, reference, reason, ...around };
}

/** Accepted by all. */
export function good(name: string, text: string, around: VerdictSurroundings = {}): Verdict {
  return row(name, text, [true, true, true], around);
}

/** Refused by all. */
export function bad(name: string, text: string, around: VerdictSurroundings = {}): Verdict {
  return row(name, text, [false, false, false], around);
}

/** Accepted by Weft and by nats-server 2.14.0, not by 2.9.10. */
export function newerGood(name: string, text: string, around: VerdictSurroundings = {}): Verdict {
  return row(name, text, [true, false, true], around, NEWER);
}

/** Refused by Weft and by nats-server 2.14.0, not by 2.9.10. */
export function newerBad(name: string, text: string, around: VerdictSurroundings = {}): Verdict {
  return row(name, text, [false, true, false], around, NEWER);
}

/** Refused by Weft only. */
export function stricter(
  name: string,
  text: string,
  reason: string,
  around: VerdictSurroundings = {},
): Verdict {
  const reference = reason === RANDOM ? "either" : true;
  return row(name, text, [false, reference, reference], around, reason);
}

/** Refused by Weft; nats-server 2.9.10 does not know the key, 2.14.0 accepts it. */
export function stricterThanNewer(name: string, text: string, reason: string): Verdict {
  return row(name, text, [false, false, true], {}, reason);
}

/** Accepted by Weft only. */
export function wider(
  name: string,
  text: string,
  reason: string,
  around: VerdictSurroundings = {},
): Verdict {
  return row(name, text, [true, false, false], around, reason);
}
