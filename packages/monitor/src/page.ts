// Forms that a page's making passes through: outcome, then the answer with status and type. Thread:
// control; no state.
import type { Page } from "./facts.ts";
import { encodeJson, type JsonObject, jsonChunks } from "./go-json.ts";

/** The value of a page, or why there is none. */
export type Outcome = JsonObject | Mistake;

/** Text of an answer 400. */
export interface Mistake {
  readonly mistake: string;
}

export function isMistake(outcome: Outcome): outcome is Mistake {
  return typeof outcome["mistake"] === "string";
}

const PLAIN_TEXT = "text/plain; charset=utf-8";
/** MO-03: any web page may read; credentials are never sent along with that. */
const ANY_ORIGIN = { "Access-Control-Allow-Origin": "*" };

/** A page of data; `text` instead of a value where it is not JSON after all. */
export function dataPage(value: JsonObject | string, status = 200): Page {
  const body = typeof value === "string" ? [value] : jsonChunks(value);
  return { status, contentType: "application/json", headers: ANY_ORIGIN, body };
}

/** The same indented by three spaces, which some pages are. */
export function widePage(value: ReadonlyMap<string, JsonObject>): Page {
  return dataPage(encodeJson(value, "   "));
}

export function textPage(status: number, text: string): Page {
  return { status, contentType: PLAIN_TEXT, body: [text] };
}

export function notFoundPage(): Page {
  const headers = { "X-Content-Type-Options": "nosniff" };
  return { status: 404, contentType: PLAIN_TEXT, headers, body: ["404 page not found\n"] };
}
