// Asks workers for the tokens that connections logged in with, for `/connz?auth=1` (MO-20, AN-57).
// Thread: control. Must stay true: no signature comes here, and nothing at all of a token that is good
// without one.
import type { MonitorFacts, Steps } from "./facts.ts";
import type { ListedConnection } from "./listed-subscriptions.ts";

/** Tokens without their signatures by client id; `connections`: few enough for one answer. */
export function* collectTokens(
  facts: MonitorFacts,
  connections: readonly ListedConnection[],
): Steps<Map<number, string>> {
  const tokens = new Map<number, string>();
  for (const { threadIndex } of facts.workers()) {
    const tokensOf = connections
      .filter(({ worker }) => worker === threadIndex)
      .map(({ clientId }) => clientId);
    if (tokensOf.length === 0) continue;
    const from = { clientId: 0, passed: 0 };
    const query = { from, tokensOf, skip: 0, take: 0 };
    const answer = yield { kind: "subscriptions", worker: threadIndex, query };
    for (const { clientId, text } of answer?.tokens ?? []) {
      if (!isBearer(text)) tokens.set(clientId, text);
    }
  }
  return tokens;
}

/** True too for what cannot be read. */
export function isBearer(text: string): boolean {
  const [, body = ""] = text.split(".");
  try {
    const claims = JSON.parse(Buffer.from(body, "base64url").toString("utf8")) as {
      readonly nats?: { readonly bearer_token?: unknown };
    };
    return claims.nats === undefined || claims.nats.bearer_token === true;
  } catch {
    return true;
  }
}
