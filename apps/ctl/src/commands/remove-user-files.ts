// What is left of a user beside its token: seed and creds file. Removed when asked for.
import type { OptionSpec } from "../command-line/command.ts";
import { removeFile } from "../store/files.ts";
import type { Workplace } from "../store/workplace.ts";

export const USER_FILE_OPTIONS: readonly OptionSpec[] = [
  { name: "rm-creds", short: "C", help: "remove creds files too" },
  { name: "rm-nkey", short: "D", help: "remove seeds too" },
];

export function removeUserFiles(
  place: Workplace,
  account: string,
  user: string,
  publicKey: string,
): void {
  const { words, keys, store } = place;
  if (words.flag("rm-nkey")) keys.remove(publicKey);
  if (words.flag("rm-creds")) removeFile(keys.credsPath(store.name, account, user));
}
