// The target of an HTTP request: path and query. No state; any thread.
import type { PageRequest } from "@weft/monitor";

/**
 * `/path?query`, or the same behind a scheme and a host, as proxies send it. Undefined for anything
 * else, and for a path that cannot be decoded.
 */
export function requestTarget(target: string): PageRequest | undefined {
  const local = target.replace(/^https?:\/\/[^/?#]*/i, "");
  const text = local.startsWith("/") ? local : local === target ? undefined : `/${local}`;
  if (text === undefined) return undefined;
  const [whole = ""] = text.split("#", 1);
  const mark = whole.indexOf("?");
  const encoded = mark < 0 ? whole : whole.slice(0, mark);
  try {
    return { path: decodeURIComponent(encoded), search: mark < 0 ? "" : whole.slice(mark + 1) };
  } catch {
    return undefined;
  }
}
