// Secrets of the configuration in files that everybody on the machine can read (GP-12, SB-72). A
// warning and no more, as the server's: where files are mounted by others, their modes are not the
// operator's to choose.
import { statSync } from "node:fs";
import { resolve } from "node:path";
import type { Settings } from "./settings.ts";

const OTHERS_READ = 0o004;
const MODE_BITS = 0o777;

export interface ExposedFile {
  /** As the configuration names it. */
  readonly file: string;
  /** Octal. */
  readonly mode: string;
}

function secretFiles({ nats, sign, backends }: Settings): string[] {
  const files = [
    nats.password_file,
    nats.nkey_seed_file,
    nats.creds_file,
    nats.tls?.key_file,
    sign.seed_file,
    sign.xkey_seed_file,
    ...Object.values(sign.accounts).map(({ seed_file: file }) => file),
    ...backends.map((one) => (one.kind === "ldap" ? one.search?.bind_password_file : undefined)),
  ];
  return [...new Set(files)].filter((file) => file !== undefined);
}

/** Each once. Windows has other rights: nothing is said there. */
export function exposedFiles(settings: Settings, folder: string): ExposedFile[] {
  if (process.platform === "win32") return [];
  return secretFiles(settings).flatMap((file) => {
    const mode =
      (statSync(resolve(folder, file), { throwIfNoEntry: false })?.mode ?? 0) & MODE_BITS;
    return (mode & OTHERS_READ) === 0 ? [] : [{ file, mode: mode.toString(8) }];
  });
}
