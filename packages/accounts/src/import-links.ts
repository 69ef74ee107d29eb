// Imports as they are written, with the accounts that they name (AC-21, AC-23, AC-38). Control thread;
// pure.
import { subjectSizeFault } from "@weft/subjects";
import type { DraftAccount, Findings } from "./compile.ts";
import type { ImportSpec } from "./spec.ts";

/** An import whose two accounts are known. */
export interface Link {
  readonly spec: ImportSpec;
  readonly importer: DraftAccount;
  readonly exporter: DraftAccount;
}

/** What can be said of each import alone. */
export function collectLinks(
  drafts: readonly DraftAccount[],
  byName: ReadonlyMap<string, DraftAccount>,
  findings: Findings,
  isForeign: (name: string) => boolean = () => false,
): Link[] {
  const links: Link[] = [];
  for (const importer of drafts) {
    const localServices = new Map<string, ImportSpec>();
    for (const spec of importer.spec.imports ?? []) {
      const at = spec.at ?? importer.spec.at;
      const error = (message: string) => findings.errors.push({ message, at });
      for (const message of misplacedDirectives(spec)) error(message);
      const sizeFault = sizeFaultOf(spec);
      if (sizeFault !== undefined) {
        error(`Error adding ${spec.kind} import: ${sizeFault}`);
        continue;
      }
      if (spec.kind === "service") {
        const local = spec.to || spec.subject;
        const key = JSON.stringify([spec.account, local]);
        const earlier = localServices.get(key);
        if (earlier !== undefined) {
          error(
            `Duplicate service import subject ${JSON.stringify(local)}, previously used in ` +
              `import for account ${JSON.stringify(earlier.account)}, ` +
              `subject ${JSON.stringify(earlier.subject)}`,
          );
          continue;
        }
        localServices.set(key, spec);
      }
      const exporter = byName.get(spec.account);
      if (exporter === undefined && isForeign(spec.account)) continue;
      // `$G` and the place holder of a missing system account cannot be named.
      if (exporter === undefined || exporter.index === 0 || spec.account === "") {
        error(`${JSON.stringify(spec.account)} account not defined for ${spec.kind} import`);
      } else links.push({ spec, importer, exporter });
    }
  }
  return links;
}

/** Of the exporter's subject, or of what it is in the importer. */
function sizeFaultOf({ subject, to = "", prefix }: ImportSpec): string | undefined {
  const local = prefix ? `${prefix}.${subject}` : to;
  return subjectSizeFault(subject) ?? subjectSizeFault(local);
}

function misplacedDirectives(spec: ImportSpec): string[] {
  const found: string[] = [];
  if (spec.kind === "stream" && spec.prefix && spec.to) {
    found.push("Stream import can not have a 'prefix' and a 'to' property");
  }
  if (spec.kind === "service" && spec.allowTrace !== undefined) {
    found.push("Detected allow_trace directive on a non-stream");
  }
  return found;
}
