// What a callout service is told of a session (AN-63). Owned by the session's worker. Must stay true:
// a connection asks a bounded number of times, and its time for the answer is the service's.
import { type CalloutPending, type CalloutQuestion, rawUserOf } from "@weft/auth";
import { CONNECT_DEFAULTS } from "@weft/protocol";
import type { ClientSession } from "./client-session.ts";

/** A client may send CONNECT again and again; each asks the service (AN-74). */
const CALLOUTS_PER_CONNECTION_MAX = 16;
/** Control gives up first; this is for the case that it does not. */
const GRACE_MS = 1_000;

/** `sig`, `auth_token` and `pass`. */
type Proofs = [string, string, string];

/** Of somebody who is refused in any case: what he sent may nearly be right. */
function hide(proof: string): string {
  return "?".repeat(proof.length);
}

const asked = new WeakMap<ClientSession, number>();

/** False when a session has asked somebody outside too often. */
export function mayAskAgain(session: ClientSession): boolean {
  const times = (asked.get(session) ?? 0) + 1;
  asked.set(session, times);
  return times <= CALLOUTS_PER_CONNECTION_MAX;
}

/** Undefined when the session has asked too often. The deadline of the login begins anew. */
export function askService(
  session: ClientSession,
  { account, jwt, refusal }: CalloutPending,
): CalloutQuestion | undefined {
  if (!mayAskAgain(session)) return undefined;
  const { host, transport, clientId, nonce, tls } = session;
  session.authDeadlineMs = host.clock.monotonicMs() + host.limits.authTimeoutMs + GRACE_MS;
  const options = session.lastOptions ?? CONNECT_DEFAULTS;
  const { nkey, user } = options;
  const shown = (proof: string): string => (refusal === undefined ? proof : hide(proof));
  const [sig, token, pass] = [options.sig, options.auth_token, options.pass].map(shown) as Proofs;
  const { name, lang, version, protocol } = options;
  const chain = [tls?.peerCertificate, ...(tls?.peerIssuers ?? [])].filter(
    (certificate) => certificate !== undefined,
  );
  return {
    kind: "callout",
    account,
    clientId,
    host: transport.remoteAddress,
    rawUser: rawUserOf({ nkey, user, authToken: token }),
    nonce,
    connectionType: "STANDARD",
    connect: { jwt, nkey, sig, token, user, pass, name, lang, version, protocol },
    tls: tls && { version: tls.version, cipher: tls.cipher, chain },
  };
}
