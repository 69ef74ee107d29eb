// Where operators and keys are on disk: where nsc has them, unless flags or variables say otherwise.
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Arguments } from "../command-line/arguments.ts";
import type { Host } from "../command-line/command.ts";

export interface Places {
  /** One folder per operator. */
  readonly operatorsFolder: string;
  /** `keys/` and `creds/`. */
  readonly keysFolder: string;
}

function expanded(path: string, host: Host): string {
  const isHome = path === "~" || path.startsWith("~/");
  return resolve(isHome ? join(host.homeFolder, path.slice(1)) : path);
}

/** Of flags, then variables, then nsc's folders; those of old versions only if they are there. */
export function placesOf(words: Arguments, host: Host): Places {
  const { environment: variables } = host;
  const both = words.text("all-dirs") ?? variables["WEFTCTL_HOME"];
  const tokens = words.text("data-dir") ?? both ?? variables["WEFTCTL_DATA_DIR"];
  const keys =
    words.text("keystore-dir") ?? both ?? variables["WEFTCTL_KEYS_DIR"] ?? variables["NKEYS_PATH"];
  const share = variables["XDG_DATA_HOME"] ?? join(host.homeFolder, ".local", "share");
  const nscFolder = join(share, "nats", "nsc");
  return {
    operatorsFolder: chosen(tokens, join(nscFolder, "stores"), ".nsc/nats", host),
    keysFolder: chosen(keys, join(nscFolder, "keys"), ".nkeys", host),
  };
}

function chosen(wanted: string | undefined, usual: string, old: string, host: Host): string {
  if (wanted !== undefined && wanted !== "") return expanded(wanted, host);
  const former = join(host.homeFolder, old);
  return !existsSync(usual) && existsSync(former) ? former : resolve(usual);
}
