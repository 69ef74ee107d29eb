// The rules for URLs in claims. Any thread; pure.
import { quote } from "./findings.ts";
import { parseGoUrl } from "./go-url.ts";

const SERVICE_SCHEMES: ReadonlySet<string> = new Set(["nats", "tls", "ws", "wss"]);

/** What is wrong with the URL of an account server; undefined = nothing. */
export function accountServerUrlProblem(text: string): string | undefined {
  if (text === "") return undefined;
  const parsed = parseGoUrl(text);
  if (!parsed.ok) return `error parsing account server url: ${parsed.error}`;
  if (parsed.url.scheme !== "") return undefined;
  return `account server url ${quote(text)} requires a protocol`;
}

/** What is wrong with a URL at which clients are served. */
export function operatorServiceUrlProblem(text: string): string | undefined {
  if (text === "") return undefined;
  const parsed = parseGoUrl(text);
  if (!parsed.ok) return `error parsing operator service url ${quote(text)}: ${parsed.error}`;
  const what = `operator service url ${quote(text)}`;
  if (parsed.url.hasUser) return `${what} - credentials are not supported`;
  if (parsed.url.path !== "") return `${what} - paths are not supported`;
  if (SERVICE_SCHEMES.has(parsed.url.scheme)) return undefined;
  return `${what} - protocol not supported (only 'nats', 'tls', 'ws', 'wss' only)`;
}

/** What is wrong with the URL of a description. */
export function infoUrlProblem(text: string): string | undefined {
  const parsed = parseGoUrl(text);
  if (!parsed.ok) return `error parsing info url: ${parsed.error}`;
  if (parsed.url.hostname !== "" && parsed.url.scheme !== "") return undefined;
  return "error parsing info url: no hostname or scheme";
}
