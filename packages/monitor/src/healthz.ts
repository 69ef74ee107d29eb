// `/healthz`: whether clients can be served (MO-30, MO-31). Thread: control. JetStream is not there,
// so its options change nothing but are checked.
import type { MonitorFacts } from "./facts.ts";
import type { JsonObject } from "./go-json.ts";
import type { Query } from "./query.ts";

export interface HealthOptions {
  readonly account: string;
  readonly stream: string;
  readonly consumer: string;
  readonly details: boolean;
}

export interface Health {
  /** Of the HTTP answer; `$SYS` answers name it in the body. */
  readonly statusCode: number;
  readonly value: JsonObject;
}

export function healthOptions(query: Query): HealthOptions {
  for (const name of ["js-enabled", "js-enabled-only", "js-server-only", "js-meta-only"]) {
    query.boolean(name);
  }
  const details = query.boolean("details");
  return {
    account: query.text("account"),
    stream: query.text("stream"),
    consumer: query.text("consumer"),
    details,
  };
}

export function healthz(facts: MonitorFacts, options: HealthOptions): Health {
  const { account, stream, consumer, details } = options;
  if (account === "" && stream !== "") return missing("account", "stream", details);
  if (stream === "" && consumer !== "") return missing("stream", "consumer", details);
  const why = facts.notListening();
  if (why === undefined) return { statusCode: 200, value: { status: "ok" } };
  return failure(500, "CONNECTION", why, details);
}

function missing(name: string, kind: string, details: boolean): Health {
  const error = `"${name}" must not be empty when checking ${kind} health`;
  return failure(400, "BAD_REQUEST", error, details);
}

function failure(statusCode: number, type: string, error: string, details: boolean): Health {
  const value = details
    ? { status: "error", errors: [{ type, error }] }
    : { status: "error", error };
  return { statusCode, value };
}
