// The options of operator mode (CK-08, CK-22; AN-40, AN-54, AN-55, AC-80 to AC-84): read, with the
// reference's words for what is wrong with each alone. Control thread. What they mean together is
// looked at by validate-operator.ts.
import { SignatureVerifier } from "@weft/auth";
import { decodeTokenOf, type OperatorClaims, parseDecoratedToken } from "@weft/jwt";
import {
  type ResolverOptions,
  type ResolverSettings,
  resolverOfSettings,
  resolverOfText,
  resolverOfUrl,
} from "@weft/resolver";
import type { ReadContext } from "./context.ts";
import {
  fieldNames,
  forEachField,
  readBoolean,
  readDuration,
  readInteger,
  readMap,
  readString,
  readStrings,
} from "./fields.ts";
import { type ConfigEntry, describeKind } from "./node.ts";
import { type OptionRow, type OptionsDraft, rowOf, stringRow } from "./option-row.ts";
import type { OperatorOptions, TlsOptions } from "./options.ts";
import { ConfigSourceError } from "./source.ts";
import { readTls } from "./tls.ts";

/** How every token begins. */
const TOKEN_START = "eyJ";

/** What was read of operator mode. */
export interface OperatorDraft {
  operators: readonly string[];
  /** Claims of the same. */
  claims: readonly OperatorClaims[];
  trustedKeys: readonly string[] | undefined;
  resolver: ResolverOptions | undefined;
  resolverTls: TlsOptions | undefined;
  preloads: ReadonlyMap<string, string>;
  pinnedAccounts: readonly string[] | undefined;
  defaultSentinel: string | undefined;
}

export function emptyOperator(): OperatorDraft {
  return {
    operators: [],
    claims: [],
    trustedKeys: undefined,
    resolver: undefined,
    resolverTls: undefined,
    preloads: new Map(),
    pinnedAccounts: undefined,
    defaultSentinel: undefined,
  };
}

/** Undefined = nothing was said about operators. */
export function finishOperator(draft: OperatorDraft): OperatorOptions | undefined {
  const { operators, trustedKeys, claims, pinnedAccounts, defaultSentinel } = draft;
  let { resolver } = draft;
  if (resolver === undefined && claims.length === 1) resolver = resolverOfOperator(claims[0]);
  const isEmpty = operators.length === 0 && trustedKeys === undefined && resolver === undefined;
  if (isEmpty && defaultSentinel === undefined && pinnedAccounts === undefined) return undefined;
  return {
    operators,
    trustedKeys: trustedKeys ?? [],
    resolver,
    resolverTls: draft.resolverTls,
    preloads: Object.fromEntries(draft.preloads),
    pinnedAccounts,
    defaultSentinel,
  };
}

/** AN-41. */
function resolverOfOperator(claims: OperatorClaims | undefined): ResolverOptions | undefined {
  const url = claims?.nats.accountServerUrl ?? "";
  if (url === "") return undefined;
  const checked = resolverOfUrl(`${url}/accounts`);
  return checked.ok ? checked.options : undefined;
}

function applyOperators(draft: OptionsDraft, entry: ConfigEntry, context: ReadContext): void {
  const { findings } = context;
  const written = readStrings(entry, "operators", findings) ?? [];
  const tokens: string[] = [];
  const claims: OperatorClaims[] = [];
  const verifier = new SignatureVerifier();
  for (const text of written) {
    const read = readOperator(text, context, verifier);
    if (typeof read === "string") {
      findings.error(entry.at, `error parsing operator JWT: ${read}`);
      continue;
    }
    tokens.push(read.token);
    claims.push(read.claims);
  }
  draft.operator.operators = tokens;
  draft.operator.claims = claims;
}

/** A path or the token itself; a text says what is wrong. */
function readOperator(
  text: string,
  context: ReadContext,
  verifier: SignatureVerifier,
): { readonly token: string; readonly claims: OperatorClaims } | string {
  let content: string | undefined;
  try {
    content = context.readOther?.(text);
  } catch (error) {
    if (!(error instanceof ConfigSourceError)) throw error;
    if (!text.startsWith(TOKEN_START)) return error.message;
  }
  if (content === undefined) {
    if (!text.startsWith(TOKEN_START)) return `open ${text}: no such file or directory`;
    content = text;
  }
  const token = parseDecoratedToken(content);
  if (!token.ok) return token.error;
  const decoded = decodeTokenOf("operator", token.value, verifier);
  return decoded.ok ? { token: token.value, claims: decoded.claims } : decoded.error.message;
}

function applyTrusted(draft: OptionsDraft, entry: ConfigEntry, { findings }: ReadContext): void {
  draft.operator.trustedKeys = readStrings(entry, "trusted", findings);
}

const RESOLVER_FIELDS = fieldNames({
  type: [],
  dir: [],
  allow_delete: [],
  hard_delete: [],
  limit: [],
  ttl: [],
  interval: [],
  timeout: [],
  sharded: [],
});
type Settings = { -readonly [K in keyof ResolverSettings]: ResolverSettings[K] };

function applyResolver(draft: OptionsDraft, entry: ConfigEntry, context: ReadContext): void {
  const { findings } = context;
  const { node } = entry;
  if (node.kind !== "string" && node.kind !== "map") {
    const kind = describeKind(node);
    findings.error(entry.at, `error parsing operator resolver, wrong type ${kind}`);
    return;
  }
  const before = findings.errors.length;
  const checked =
    node.kind === "string"
      ? resolverOfText(node.value)
      : resolverOfSettings(readSettings(entry, context));
  if (findings.errors.length > before) return;
  if (checked.ok) draft.operator.resolver = checked.options;
  else for (const error of checked.errors) findings.error(entry.at, error);
}

function readSettings(entry: ConfigEntry, { findings }: ReadContext): ResolverSettings {
  const settings: Settings = { type: "" };
  const map = readMap(entry, findings);
  if (map === undefined) return settings;
  forEachField(map, RESOLVER_FIELDS, findings, (name, field) => {
    if (name === "type") settings.type = readString(field, findings) ?? "";
    else if (name === "dir") settings.directory = readString(field, findings);
    else if (name === "allow_delete") settings.allowDelete = readBoolean(field, findings);
    else if (name === "hard_delete") settings.hardDelete = readBoolean(field, findings);
    else if (name === "sharded") settings.sharded = readBoolean(field, findings);
    else if (name === "limit") settings.limit = readInteger(field, findings);
    else if (name === "ttl") settings.ttlMs = readDuration(field, findings);
    else if (name === "interval") settings.intervalMs = readDuration(field, findings);
    else settings.timeoutMs = readDuration(field, findings);
  });
  return settings;
}

function applyPreload(draft: OptionsDraft, entry: ConfigEntry, { findings }: ReadContext): void {
  if (entry.node.kind !== "map") {
    const text = "preload should be a map of account_public_key:account_jwt";
    findings.error(entry.at, text);
    return;
  }
  const preloads = new Map<string, string>();
  const verifier = new SignatureVerifier();
  for (const { key, node, at } of entry.node.entries.values()) {
    if (node.kind !== "string") {
      findings.error(at, "preload map value should be a string JWT");
      continue;
    }
    const decoded = decodeTokenOf("account", node.value, verifier);
    if (decoded.ok) preloads.set(key, node.value);
    else findings.error(at, `invalid account JWT: ${decoded.error.message}`);
  }
  draft.operator.preloads = preloads;
}

const FACTS = { row: "CK-22", reloadable: false } as const;

export const OPERATOR_ROWS: readonly OptionRow[] = [
  rowOf(
    {
      ...FACTS,
      name: "operator",
      aliases: ["operators", "roots", "root", "root_operators", "root_operator"],
    },
    "strings",
    applyOperators,
  ),
  rowOf({ ...FACTS, name: "trusted_keys", aliases: ["trusted"] }, "strings", applyTrusted),
  rowOf(
    {
      ...FACTS,
      name: "resolver",
      aliases: ["account_resolver", "accounts_resolver"],
    },
    "block",
    applyResolver,
  ),
  rowOf({ ...FACTS, name: "resolver_tls", reloadable: true }, "block", (draft, entry, context) => {
    draft.operator.resolverTls = readTls(entry, context, "client");
  }),
  rowOf({ ...FACTS, name: "resolver_preload", reloadable: true }, "map", applyPreload),
  rowOf(
    { ...FACTS, name: "resolver_pinned_accounts", reloadable: true },
    "strings",
    (draft, entry, { findings }) => {
      draft.operator.pinnedAccounts = readStrings(entry, "resolver_pinned_accounts", findings);
    },
  ),
  stringRow({ name: "default_sentinel", row: "CK-08", reloadable: true }, (draft, value) => {
    draft.operator.defaultSentinel = value || undefined;
  }),
];
