// Account JWTs that stand in the configuration (`resolver_preload`, AC-80): what of them stops the
// start, and what is only worth a word. Pure.
import { isPublicKey } from "@weft/auth";
import type { ClaimReader } from "./claim-reader.ts";
import type { ResolverType } from "./claim-subjects.ts";

/** What is wrong with preloads; errors stop the start. */
export interface PreloadFinding {
  readonly severity: "error" | "warning";
  readonly text: string;
}

/** `preloads`: account key -> JWT. `nowMs` in Unix milliseconds. */
export function checkPreloads(
  preloads: ReadonlyMap<string, string>,
  type: ResolverType,
  reader: ClaimReader,
  nowMs: number,
): PreloadFinding[] {
  if (preloads.size > 0 && (type === "url" || type === "file")) {
    const text = "resolver preloads only available for writeable resolver types MEM/DIR/CACHE_DIR";
    return [{ severity: "error", text }];
  }
  return [...preloads].flatMap(([key, text]) => findingsOf(key, text, reader, nowMs));
}

function findingsOf(
  key: string,
  text: string,
  reader: ClaimReader,
  nowMs: number,
): PreloadFinding[] {
  const facts = reader.verifyAccountJwt(text, nowMs);
  const subject = facts.subject ?? "";
  if (!facts.ok && (facts.fault ?? "malformed") === "malformed") {
    const found = `preload account error for "${key}": ${facts.error}`;
    return [{ severity: "error", text: found }];
  }
  if (!isPublicKey(key, "account") || subject !== key) {
    const found = `preload account error for "${key}": the JWT is of account ${subject}`;
    return [{ severity: "error", text: found }];
  }
  const problem = facts.ok ? facts.timeFault : facts.error;
  if (problem === undefined) return [];
  const found = `Account [${key}] has validation issues: ${problem}`;
  return [{ severity: "warning", text: found }];
}
