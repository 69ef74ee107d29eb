// One password against one bcrypt hash. Threads of the hash pool; no state.
import { compareSync } from "bcryptjs";

export interface HashTask {
  readonly stored: string;
  readonly given: string;
}

/** Called by the pool by name of this file: the module's default export is its task. */
function compare({ stored, given }: HashTask): boolean {
  return compareSync(given, stored);
}

export { compare as default };
