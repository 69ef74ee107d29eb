// Answers: the envelope around them (SY-22) and how their bytes are packed (SY-26). Control thread;
// pure.
import { type MessageStamp, type ServerFacts, serverInfo } from "./server-info.ts";

export type Packing = "none" | "gzip" | "snappy" | "identity";

/** SY-26: what `Accept-Encoding` asks for. `identity`: something that is not known here. */
export function packingFor(acceptEncoding: string): Packing {
  const wanted = acceptEncoding.toLowerCase();
  if (wanted === "") return "none";
  if (wanted.includes("snappy") || wanted.includes("s2")) return "snappy";
  return wanted.includes("gzip") ? "gzip" : "identity";
}

export interface AnswerError {
  readonly code: number;
  readonly description: string;
  /** `null` of what could not be made; absent where it was not tried. */
  readonly data?: null;
}

/** SY-22. What stands before and behind the data; without data it says that something is done. */
export function envelopeAround(
  server: ServerFacts,
  stamp: MessageStamp,
  hasData: boolean,
): readonly [before: string, after: string] {
  const head = JSON.stringify(serverInfo(server, stamp));
  return [`{"server":${head}${hasData ? ',"data":' : ""}`, "}"];
}

export function errorEnvelope(
  server: ServerFacts,
  stamp: MessageStamp,
  error: AnswerError,
): string {
  const { code, description, data } = error;
  const shown = { code, description: description === "" ? undefined : description };
  return JSON.stringify({ server: serverInfo(server, stamp), data, error: shown });
}

/** What a user may, as the user is told it (SY-36). `responses` in messages and nanoseconds. */
export interface PublicPermissions {
  readonly publish: { readonly allow?: readonly string[]; readonly deny?: readonly string[] };
  readonly subscribe: { readonly allow?: readonly string[]; readonly deny?: readonly string[] };
  readonly responses?: { readonly max: number; readonly ttl: number } | undefined;
}

/** What a login by token says beside its rights. */
export interface UserLabels {
  readonly accountName?: string | undefined;
  readonly userName?: string | undefined;
  readonly expiresInNanos?: number | undefined;
}

/** SY-36, the data of an answer. */
export function userInfo(
  user: string,
  account: string,
  permissions: PublicPermissions | undefined,
  { accountName, userName, expiresInNanos }: UserLabels = {},
): string {
  return JSON.stringify({
    user,
    account,
    account_name: (accountName ?? account) || undefined,
    user_name: userName,
    permissions,
    expires: expiresInNanos,
  });
}
