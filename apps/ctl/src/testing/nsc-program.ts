// Where the real nsc is. Test support.
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";

/** WEFT_NSC names it; else it is on the PATH or where Go puts programs. */
export const nscProgram: string | undefined = [
  process.env["WEFT_NSC"] ?? "",
  ...(process.env["PATH"] ?? "").split(delimiter).map((folder) => join(folder, "nsc")),
  join(process.env["GOBIN"] ?? join(homedir(), "go", "bin"), "nsc"),
].find((path) => path !== "" && existsSync(path));

/** What skipped tests say. */
export const withoutNsc = nscProgram === undefined ? " [skipped: nsc is not here]" : "";
