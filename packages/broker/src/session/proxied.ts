// Which trusted proxy a session came through (AN-81). Owned by the session's worker. Must stay true: a
// key stands here only after a signature over this session's nonce was checked with it.
import type { LoginOutcome } from "@weft/auth";
import type { ConnectOptions } from "@weft/protocol";
import type { ClientSession } from "./client-session.ts";

/** Few sessions have one, so no field of all of them is spent on it. */
const proxies = new WeakMap<ClientSession, string>();

/** Public key of the proxy; undefined = the session came directly. */
export function proxyOf(session: ClientSession): string | undefined {
  return proxies.get(session);
}

/** Looks at `proxy_sig` of a CONNECT; an outcome = refused. One without it changes nothing. */
export function takeProxy(
  session: ClientSession,
  { proxy_sig: signature }: ConnectOptions,
): LoginOutcome | undefined {
  const { proxies: trusted } = session.host.rules;
  if (!trusted.accepts(proxies.get(session))) proxies.delete(session);
  if (signature === "") return undefined;
  const verdict = trusted.check(signature, Buffer.from(session.nonce, "latin1"));
  if (verdict.kind === "untrusted") return { kind: "denied", reason: "proxy is not trusted" };
  if (verdict.kind === "proxied") proxies.set(session, verdict.key);
  return undefined;
}
