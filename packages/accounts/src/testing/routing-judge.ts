// Test support: exports, imports and mappings decided with regular expressions on what was written,
// one import at a time. Shares only the shape of the specification with the code under test.
import type { AccountSpec, ExportSpec, ImportSpec } from "../spec.ts";

function pattern(filter: string): RegExp {
  const parts = filter.split(".").map((token) => {
    if (token === "*") return "([^.]+)";
    if (token === ">") return "(.+)";
    return token.replace(/[$^+?(){}|[\]\\]/g, "\\$&");
  });
  return new RegExp(`^${parts.join("\\.")}$`);
}

/** What `subject` is called after `from` → `to`, where `to` has `*`, `>` or `$n`. */
function rename(subject: string, from: string, to: string): string | undefined {
  const parts = pattern(from).exec(subject)?.slice(1);
  if (parts === undefined) return undefined;
  const stars = from.split(".").filter((token) => token === "*").length;
  let next = 0;
  const tokens = to.split(".").map((token) => {
    if (token === ">") return parts[stars];
    if (token === "*") {
      next += 1;
      return parts[next - 1];
    }
    return token.startsWith("$") ? parts[Number(token.slice(1)) - 1] : token;
  });
  return tokens.join(".");
}

/** Is every subject of `filter` one of `wider`? By example: fresh names for the wildcards. */
function isWithin(filter: string, wider: string): boolean {
  const example = (tail: string) => filter.replaceAll("*", "fresh").replace(/>$/, tail);
  return pattern(wider).test(example("fresh")) && pattern(wider).test(example("fresh.fresh.fresh"));
}

function isAuthorised(exports: readonly ExportSpec[], one: ImportSpec, importer: string): boolean {
  const candidates = exports.filter(
    (each) => each.kind === one.kind && isWithin(one.subject, each.subject),
  );
  const exact = candidates.filter((each) => each.subject === one.subject);
  const narrowest = candidates.filter(
    (each) =>
      !candidates.some(
        (other) => other.subject !== each.subject && isWithin(other.subject, each.subject),
      ),
  );
  const deciding = exact.length > 0 ? exact : narrowest;
  // Entries with the same subject are one: private if one of them is, for all that they name.
  return (
    deciding.length > 0 &&
    deciding.every(({ subject }) => {
      const lists = deciding
        .filter((each) => each.subject === subject)
        .map((each) => each.accounts);
      const names = lists.filter((list) => list !== undefined);
      return names.length === 0 || names.some((list) => list.includes(importer));
    })
  );
}

/** Where a message goes, as `account subject`. */
export interface RoutingJudge {
  /** Are all imports allowed by the exports? */
  readonly authorised: boolean;
  /** Copies in importing accounts. */
  streams(account: string, subject: string): string[];
  /** Requests in exporting accounts. */
  services(account: string, subject: string): string[];
}

export function createRoutingJudge(specs: readonly AccountSpec[]): RoutingJudge {
  const all = specs.flatMap((spec) =>
    (spec.imports ?? []).map((one) => ({ importer: spec.name, one })),
  );
  const exportsOf = (name: string) => specs.find((spec) => spec.name === name)?.exports ?? [];
  return {
    authorised: all.every(({ importer, one }) =>
      isAuthorised(exportsOf(one.account), one, importer),
    ),
    streams(account, subject) {
      return all.flatMap(({ importer, one }) => {
        if (one.kind !== "stream" || one.account !== account) return [];
        const local = one.prefix ? `${one.prefix}.${one.subject}` : (one.to ?? one.subject);
        const seen = rename(subject, one.subject, local);
        return seen === undefined ? [] : [`${importer} ${seen}`];
      });
    },
    services(account, subject) {
      return all.flatMap(({ importer, one }) => {
        if (one.kind !== "service" || importer !== account) return [];
        const local = one.to ?? one.subject;
        const names = local.split(".").filter((token) => token.startsWith("$"));
        let used = 0;
        const target = one.subject.replaceAll("*", (star) => names[used++] ?? star);
        const asked = rename(subject, local.replace(/\$\d/g, "*"), target);
        return asked === undefined ? [] : [`${one.account} ${asked}`];
      });
    },
  };
}
