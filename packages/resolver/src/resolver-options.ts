// What a configuration says about where accounts come from, checked and with defaults (AC-80 to
// AC-84, SA-14). Pure: whether the directory is there is the driver's business. Texts are the
// reference's where it has them.
import { RESOLVER_LIMITS } from "./resolver-limits.ts";

/** `resolver: MEMORY`. */
export interface MemoryResolverOptions {
  readonly type: "memory";
}

/** `resolver: URL(…)`. */
export interface UrlResolverOptions {
  readonly type: "url";
  /** Ends in `/`; the account's key is put behind it. */
  readonly url: string;
  readonly timeoutMs: number;
}

/** `resolver { type: full | cache | file … }`. */
export interface DirectoryResolverOptions {
  readonly type: "full" | "cache" | "file";
  readonly directory: string;
  readonly sharded: boolean;
  readonly limit: number;
  readonly ttlMs: number;
  readonly deletion: "none" | "soft" | "hard";
  readonly syncIntervalMs: number;
  readonly fetchTimeoutMs: number;
}

export type ResolverOptions = MemoryResolverOptions | UrlResolverOptions | DirectoryResolverOptions;

/** The keys of a `resolver` block, as read; times in milliseconds. */
export interface ResolverSettings {
  readonly type: string;
  readonly directory?: string | undefined;
  readonly allowDelete?: boolean | undefined;
  readonly hardDelete?: boolean | undefined;
  readonly limit?: number | undefined;
  readonly ttlMs?: number | undefined;
  readonly intervalMs?: number | undefined;
  readonly timeoutMs?: number | undefined;
  /** Own key: files in folders named by the last two characters of the key. */
  readonly sharded?: boolean | undefined;
}

export type ResolverChecked =
  | { readonly ok: true; readonly options: ResolverOptions }
  | { readonly ok: false; readonly errors: readonly string[] };

const UNKNOWN =
  'error parsing account resolver, should be MEM or  URL("url") or a map containing dir and ' +
  "type state=[FULL|CACHE])";

/** `resolver: "…"`: MEM, MEMORY or URL(…). */
export function resolverOfText(text: string): ResolverChecked {
  if (/mem(ory)?\s*/i.test(text)) return { ok: true, options: { type: "memory" } };
  const found = /url\(\s*"?([^\s"]*?)"?\s*\)/i.exec(text);
  if (found === null) return { ok: false, errors: [UNKNOWN] };
  return resolverOfUrl(found[1] as string);
}

/** A URL resolver; also of an operator's `account_server_url`, with `/accounts` behind it. */
export function resolverOfUrl(text: string): ResolverChecked {
  const wrong = { ok: false, errors: [`error parsing account resolver url ["${text}"]`] } as const;
  if (!URL.canParse(text)) return wrong;
  const { protocol } = new URL(text);
  if (protocol !== "http:" && protocol !== "https:") return wrong;
  const url = text.endsWith("/") ? text : `${text}/`;
  return {
    ok: true,
    options: { type: "url", url, timeoutMs: RESOLVER_LIMITS.fetchTimeoutMs },
  };
}

/** A `resolver` block. */
export function resolverOfSettings(settings: ResolverSettings): ResolverChecked {
  const type = settings.type.toLowerCase();
  if (type === "mem" || type === "memory") return { ok: true, options: { type: "memory" } };
  if (type !== "full" && type !== "cache" && type !== "file") {
    return { ok: false, errors: [UNKNOWN] };
  }
  const errors = [...commonErrors(settings), ...ERRORS_OF[type](settings)];
  if (errors.length > 0) return { ok: false, errors };
  const { hardDelete, allowDelete, limit = 0 } = settings;
  const wanted = allowDelete ? (hardDelete ? "hard" : "soft") : "none";
  const unlimited = type === "cache" ? RESOLVER_LIMITS.cacheEntries : RESOLVER_LIMITS.accountsMax;
  return {
    ok: true,
    options: {
      type,
      directory: settings.directory as string,
      sharded: settings.sharded ?? false,
      limit: limit > 0 ? Math.min(limit, RESOLVER_LIMITS.accountsMax) : unlimited,
      ttlMs: settings.ttlMs ?? 0,
      deletion: type === "cache" ? "hard" : wanted,
      syncIntervalMs: settings.intervalMs || RESOLVER_LIMITS.syncIntervalMs,
      fetchTimeoutMs: settings.timeoutMs ?? RESOLVER_LIMITS.fetchTimeoutMs,
    },
  };
}

function commonErrors({ directory, timeoutMs, intervalMs, ttlMs }: ResolverSettings): string[] {
  const errors: string[] = [];
  if (directory === undefined || directory === "") {
    errors.push("dir has no value and needs to point to a directory");
  }
  if (timeoutMs !== undefined && timeoutMs <= 0) {
    errors.push(`Fetch timeout ${timeoutMs}ms is too smal`);
  }
  if ((intervalMs ?? 0) < 0) errors.push("interval must not be negative");
  if ((ttlMs ?? 0) < 0) errors.push("ttl must not be negative");
  return errors;
}

const ERRORS_OF = {
  full({ ttlMs, hardDelete, allowDelete }: ResolverSettings): string[] {
    const errors: string[] = [];
    if ((ttlMs ?? 0) !== 0) errors.push("FULL does not accept ttl");
    if (hardDelete !== undefined && !allowDelete) {
      errors.push("hard_delete has no effect without delete");
    }
    return errors;
  },
  cache({ intervalMs, allowDelete, hardDelete }: ResolverSettings): string[] {
    const errors: string[] = [];
    if ((intervalMs ?? 0) !== 0) errors.push("CACHE does not accept sync");
    if (allowDelete) errors.push("CACHE does not accept allow_delete");
    if (hardDelete !== undefined) errors.push("CACHE does not accept hard_delete");
    return errors;
  },
  file(settings: ResolverSettings): string[] {
    const { ttlMs, intervalMs, allowDelete, hardDelete, limit } = settings;
    const given = { ttl: ttlMs, interval: intervalMs, limit };
    const errors = Object.entries(given).flatMap(([name, value]) =>
      (value ?? 0) === 0 ? [] : [`FILE does not accept ${name}`],
    );
    if (allowDelete) errors.push("FILE does not accept allow_delete");
    if (hardDelete !== undefined) errors.push("FILE does not accept hard_delete");
    return errors;
  },
} as const;
