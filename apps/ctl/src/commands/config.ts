// generate config: the part of a server's configuration that tells it operator and accounts.

import { existsSync } from "node:fs";
import type { Command } from "../command-line/command.ts";
import { EXIT, Failure, usageFailure } from "../command-line/failure.ts";
import { clean } from "../describe/rows.ts";
import { writeFile } from "../store/files.ts";
import { Workplace } from "../store/workplace.ts";

const STANDARD_OUTPUT = "--";
const KINDS = ["mem-resolver", "nats-resolver", "nats-resolver-cache"] as const;

const generateConfig: Command = {
  words: ["generate", "config"],
  summary: "Write the configuration that makes a server know operator and accounts",
  options: [
    { name: "mem-resolver", help: "all accounts stand in the configuration" },
    { name: "nats-resolver", help: "accounts are pushed to the server, which keeps all of them" },
    { name: "nats-resolver-cache", help: "the server keeps what it was asked for" },
    { name: "sys-account", value: "NAME", help: "system account; else the operator's" },
    { name: "dir", value: "DIR", help: "folder where the server keeps accounts; ./jwt" },
    { name: "allow-delete", help: "accounts may be deleted by push --prune and -R" },
    {
      name: "config-file",
      value: "FILE",
      help: `where to; ${STANDARD_OUTPUT} = standard output`,
    },
    { name: "force", short: "F", help: "replace the file" },
  ],
  examples: [
    "generate config --nats-resolver --allow-delete --config-file resolver.conf",
    "generate config --mem-resolver",
  ],
  run(words, host) {
    const place = new Workplace(words, host);
    const wanted = KINDS.filter((kind) => words.flag(kind));
    const kind = wanted[0];
    if (kind === undefined || wanted.length > 1) {
      throw usageFailure(`say one of --${KINDS.join(", --")}`);
    }
    const text = kind === "mem-resolver" ? memoryConfig(place) : directoryConfig(place, kind);
    const file = words.text("config-file") ?? STANDARD_OUTPUT;
    if (file === STANDARD_OUTPUT) {
      host.print(text.trimEnd());
      return EXIT.done;
    }
    if (existsSync(file) && !words.flag("force")) {
      throw new Failure(`${file} is there already: use --force`);
    }
    writeFile(file, text);
    host.print(`wrote ${file}`);
    return EXIT.done;
  },
};

function systemAccount(place: Workplace): string {
  const named = place.words.text("sys-account");
  if (named !== undefined) return place.accountKey(named);
  return place.store.operator().nats.systemAccount;
}

function head(place: Workplace, system: string): string {
  const { store } = place;
  const lines = [`# Operator ${clean(store.name)}`, `operator: ${store.operatorToken()}`];
  if (system !== "") {
    const name = place.accountNamesByKey().get(system);
    lines.push("", `# System account ${clean(name ?? "")}`.trimEnd(), `system_account: ${system}`);
  }
  return lines.join("\n");
}

function preload(place: Workplace, names: readonly string[]): string {
  const { store } = place;
  const entries = names.map((name) => {
    const key = store.account(name).subject;
    return `  # Account ${clean(name)}\n  ${key}: ${store.accountToken(name)}\n`;
  });
  return `resolver_preload: {\n${entries.join("\n")}}\n`;
}

function memoryConfig(place: Workplace): string {
  const start = head(place, systemAccount(place));
  return `${start}\n\nresolver: MEMORY\n\n${preload(place, place.store.accountNames())}`;
}

function directoryConfig(place: Workplace, kind: string): string {
  const { words } = place;
  const system = systemAccount(place);
  if (system === "") throw new Failure("the operator has no system account: name one to push with");
  const name = place.accountNamesByKey().get(system);
  if (name === undefined) throw new Failure(`the system account ${system} is not in the store`);
  const folder = words.text("dir") ?? "./jwt";
  const isCache = kind === "nats-resolver-cache";
  if (isCache && words.flag("allow-delete")) throw usageFailure("a cache knows no --allow-delete");
  const rows = isCache
    ? ["type: cache", `dir: ${JSON.stringify(folder)}`, 'ttl: "1h"', 'timeout: "1.9s"']
    : [
        "type: full",
        `dir: ${JSON.stringify(folder)}`,
        `allow_delete: ${words.flag("allow-delete")}`,
        'interval: "2m"',
        'timeout: "1.9s"',
      ];
  const resolver = `resolver {\n${rows.map((row) => `  ${row}`).join("\n")}\n}`;
  const why = "# The first account that the server knows: with it, the others are pushed.";
  return `${head(place, system)}\n\n${resolver}\n\n${why}\n${preload(place, [name])}`;
}

export const CONFIG_COMMANDS: readonly Command[] = [generateConfig];
