// Claims as JSON for people and scripts.
import { type Claims, claimsToJson } from "@weft/jwt";
import { Failure } from "../command-line/failure.ts";

/** The names that the token has. */
export function claimsText(claims: Claims): string {
  return JSON.stringify(JSON.parse(claimsToJson(claims)), undefined, 2);
}

/** The value at a path such as `nats.limits.conn` or `nats.exports.0.subject`; text without quotes. */
export function fieldText(claims: Claims, path: string): string {
  let value: unknown = JSON.parse(claimsToJson(claims));
  for (const name of path.split(".")) {
    const isThere = typeof value === "object" && value !== null && Object.hasOwn(value, name);
    if (!isThere) throw new Failure(`--field: the claims have no ${path}`);
    value = (value as Record<string, unknown>)[name];
  }
  return typeof value === "string" ? value : JSON.stringify(value);
}
