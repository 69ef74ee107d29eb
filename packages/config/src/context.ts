// What the readers of all blocks share during one load. Control thread.
import type { Findings } from "./findings.ts";
import type { ConfigSource } from "./source.ts";
import type { UnsupportedPolicy } from "./unsupported.ts";

export interface ReadContext extends UnsupportedPolicy {
  /** Own key `mixed_authentication`. */
  readonly isMixed?: boolean | undefined;
  readonly findings: Findings;
  readonly checkTlsFiles?: ConfigSource["checkTlsFiles"];
  readonly readOther?: ConfigSource["readOther"];
}
