// What the token that leads to a service says of its user for people (AN-63). Any thread; pure. The token
// was judged before the service is asked; here it is read again, and nothing is decided by it.
import { type JsonValue, readJson } from "@weft/jwt";

export interface SentinelLabels {
  readonly nameTag: string;
  readonly tags: readonly string[];
}

const NO_LABELS: SentinelLabels = { nameTag: "", tags: [] };

/** `token` is "" where nobody brought one; what cannot be read says nothing. */
export function sentinelLabels(token: string): SentinelLabels {
  if (token === "") return NO_LABELS;
  const [, body = ""] = token.split(".", 2);
  const read = readJson(Buffer.from(body, "base64url"));
  const claims = fieldsOf(read.ok ? read.value : null);
  const name = claims.get("name");
  const tags = fieldsOf(claims.get("nats")).get("tags");
  return {
    nameTag: typeof name === "string" ? name : "",
    tags: Array.isArray(tags) ? tags.filter((tag) => typeof tag === "string") : [],
  };
}

function fieldsOf(value: JsonValue | undefined): ReadonlyMap<string, JsonValue> {
  return value instanceof Map ? value : new Map();
}
