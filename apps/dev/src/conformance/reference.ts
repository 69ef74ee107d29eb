// nats-server on this machine, which some tests are held to, and what it was recorded to say. Test
// thread. Must stay true: a test that is skipped for want of it says so in its name.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";

/** Where the system's nats-server is; undefined = it is not here. */
export const reference = ["/usr/sbin/nats-server", "/usr/bin/nats-server"].find((path) =>
  existsSync(path),
);

/** Behind the name of a test that needs it. */
export const whyNoReference = reference === undefined ? " [skipped: nats-server is not here]" : "";

/** A newer one beside it, of the level that Weft speaks. */
export const laterReference = [process.env["WEFT_REFERENCE_SERVER"]].find(
  (path) => path !== undefined && existsSync(path),
);

export const whyNoLaterReference =
  laterReference === undefined ? " [skipped: WEFT_REFERENCE_SERVER names no nats-server]" : "";

/** Records are made anew instead of compared. */
export const isRecording = process.env["WEFT_RECORD_ANSWERS"] === "1";

/** `2.9.10`; empty = there is no such program. */
export function versionOf(program: string | undefined): string {
  if (program === undefined || !existsSync(program)) return "";
  const { stdout } = spawnSync(program, ["-v"], { encoding: "utf8" });
  return /\d+\.\d+\.\d+/.exec(stdout)?.[0] ?? "";
}

/** A file in `testdata` with what a nats-server of this version said. */
export interface Recorded {
  readonly version: string;
}

export function readRecorded<R extends Recorded>(file: string): R {
  return JSON.parse(readFileSync(file, "utf8")) as R;
}

/** Whether `program` is the one of the record, and if not, what to put behind the test's name. */
export function comparisonWith(
  file: string,
  program: string | undefined = reference,
): { readonly isComparable: boolean; readonly installed: string; readonly why: string } {
  const installed = versionOf(program);
  if (isRecording) {
    const isComparable = installed !== "";
    return { isComparable, installed, why: isComparable ? "" : " [skipped: no such nats-server]" };
  }
  const { version } = readRecorded(file);
  const isComparable = installed === version;
  const why = isComparable ? "" : ` [skipped: nats-server ${version} is not here]`;
  return { isComparable, installed, why };
}
