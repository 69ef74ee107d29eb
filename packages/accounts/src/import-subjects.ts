// What the subjects of one import mean: the filter on the importer's side, and how subjects become
// those of the other side (AC-25, AC-26, AC-28). Control thread; pure. Texts, not byte views.
import { createPrng } from "@weft/base";
import {
  compileTransform,
  identityDestination,
  isValidSubject,
  subjectHasWildcard,
} from "@weft/subjects";
import { filterOfDestination, placeholdersOf, withPlaceholders } from "./filter-algebra.ts";
import type { ImportSpec } from "./spec.ts";

const BAD_SUBJECT = "sublist: invalid subject";
const BAD_PREFIX = "stream import prefix can not contain wildcard tokens";

/** Strict transforms take no random choice, but their signature wants a source. */
const NO_CHOICE = createPrng(0);

export type Resolved<T> =
  | ({ readonly ok: true } & T)
  | { readonly ok: false; readonly error: string };

function failed(error: string): { readonly ok: false; readonly error: string } {
  return { ok: false, error };
}

function transformFailed(kind: string, from: string, to: string, error: string) {
  const subjects = `${JSON.stringify(from)} to ${JSON.stringify(to)}`;
  return failed(
    `failed to create mapping transform for ${kind} import subject from ${subjects}: ${error}`,
  );
}

/** `to` as in the snapshot; `local` is the filter of what the importer sees. */
export type StreamSubjects = { readonly to: string | undefined; readonly local: string };

/** Subjects of a stream import. */
export function resolveStreamSubjects(spec: ImportSpec): Resolved<StreamSubjects> {
  const from = spec.subject;
  let local = spec.to || from;
  if (spec.prefix) {
    if (subjectHasWildcard(spec.prefix)) return failed(BAD_PREFIX);
    local = `${spec.prefix}${spec.prefix.endsWith(".") ? "" : "."}${from}`;
  }
  if (local === from) return { ok: true, to: undefined, local };
  if (!subjectHasWildcard(from)) {
    // Anything else would be seen by subscribers as the text of a filter.
    if (!isValidSubject(local) || subjectHasWildcard(local)) return failed(BAD_SUBJECT);
    return { ok: true, to: local, local };
  }
  const to = identityDestination(local);
  const result = compileTransform(from, to, { strict: true });
  if (!result.ok) return transformFailed("stream", from, local, result.error);
  // A transform takes any text; a line end in it would write lines into what subscribers read.
  const seenAs = result.transform.apply(from, NO_CHOICE);
  if (seenAs === undefined || !isValidSubject(seenAs)) return failed(BAD_SUBJECT);
  return { ok: true, to, local: filterOfDestination(to) };
}

/** As in the snapshot. */
export type ServiceSubjects = {
  readonly from: string;
  readonly to: string;
  readonly toIsLiteral: boolean;
};

/**
 * Subjects of a service import. `spec.to` is the local subject. With placeholders in it, the n-th
 * `*` of the exporter's subject takes the local wildcard that the n-th placeholder names, as the
 * reference does it: `to: bar.$2.$3.$1` sends `bar.x.y.z` to `foo.y.z.x`.
 */
export function resolveServiceSubjects(spec: ImportSpec): Resolved<ServiceSubjects> {
  const exported = spec.subject;
  const local = spec.to || exported;
  if (!isValidSubject(local) || !isValidSubject(exported)) return failed(BAD_SUBJECT);
  if (!subjectHasWildcard(exported)) {
    return { ok: true, from: local, to: exported, toIsLiteral: true };
  }
  if (local === exported) return { ok: true, from: local, to: exported, toIsLiteral: false };
  const template = identityDestination(local);
  const forward = compileTransform(exported, template, { strict: true });
  if (!forward.ok) return transformFailed("service", local, exported, forward.error);
  const from = filterOfDestination(template);
  const to = withPlaceholders(exported, placeholdersOf(template));
  const result = compileTransform(from, to, { strict: true });
  if (!result.ok) return transformFailed("service", local, exported, result.error);
  return { ok: true, from, to, toIsLiteral: false };
}
