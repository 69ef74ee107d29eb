// The command line as others may see it (FL-11): monitoring shows it. Control thread. Must stay true:
// names, passwords and tokens of flags never leave here, whichever way they were written.
import { REDACTED } from "@weft/base";

const SECRET = new Set(["user", "pass", "auth"]);
/** Flags whose value is an URL, or several behind commas, with a login in them. */
const ADDRESS = new Set(["routes", "cluster", "cluster_listen"]);

/** The same words with secrets replaced: `--pass x` is `--pass [REDACTED]`. */
export function redactArguments(argv: readonly string[]): string[] {
  const words = [...argv];
  for (let index = 0; index < words.length; index++) {
    const flag = /^(--?([^=]+))(?:=([\s\S]*))?$/.exec(words[index] ?? "");
    const name = flag?.[2] ?? "";
    if (flag === null || !(SECRET.has(name) || ADDRESS.has(name))) continue;
    const redact = SECRET.has(name) ? () => REDACTED : redactLogins;
    if (flag[3] !== undefined) {
      words[index] = `${flag[1]}=${redact(flag[3])}`;
    } else if (index + 1 < words.length) {
      index += 1;
      words[index] = redact(words[index] ?? "");
    }
  }
  return words;
}

/** `nats://user:password@host` is `nats://[REDACTED]@host`. */
function redactLogins(urls: string): string {
  return urls
    .split(",")
    .map((url) => url.replace(/^(\s*(?:[A-Za-z][A-Za-z0-9+.-]*:\/\/)?)[^/]*@/, `$1${REDACTED}@`))
    .join(",");
}
