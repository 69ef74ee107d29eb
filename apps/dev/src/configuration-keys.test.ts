// The pages about configurations against the reader: docs/migrate.md has every key of nats-server with
// what becomes of it, docs/configure.md every key that is read, with its default. Reads the repository.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { FLAG_GROUPS, findOption, loadConfig, OPTION_ROWS, textSource } from "@weft/config";
import { sha256Hex } from "@weft/server";
import { describe, expect, it, test } from "vitest";
import { REFERENCE_FLAGS, REFERENCE_KEYS } from "./reference-keys.ts";
import { repositoryRoot } from "./tidy/source-file.ts";

const migrate = readFileSync(join(repositoryRoot, "docs/migrate.md"), "utf8");
const configure = readFileSync(join(repositoryRoot, "docs/configure.md"), "utf8");
const calloutPage = readFileSync(join(repositoryRoot, "docs/security/auth-callout.md"), "utf8");

type State = "same" | "own" | "refused" | "later";

/** A configuration with the key of a block in it; `later` blocks are refused as a whole. */
const BLOCKS: Readonly<Record<string, (entry: string) => string>> = {
  authorization: (entry) => `authorization { ${entry} }`,
  users: (entry) => `authorization { users: [ { ${entry} } ] }`,
  permissions: (entry) => `authorization { users: [ { user: a, permissions { ${entry} } } ] }`,
  publish: (entry) =>
    `authorization { users: [ { user: a, permissions { publish { ${entry} } } } ] }`,
  allow_responses: (entry) =>
    `authorization { users: [ { user: a, permissions { allow_responses { ${entry} } } } ] }`,
  accounts: (entry) => `accounts { A { ${entry} } }`,
  limits: (entry) => `accounts { A { limits { ${entry} } } }`,
  exports: (entry) => `accounts { A { exports: [ { ${entry} } ] } }`,
  imports: (entry) => `accounts { A { imports: [ { ${entry} } ] } }`,
  mappings: (entry) => `mappings { a: [ { ${entry} } ] }`,
  tls: (entry) => `tls { ${entry} }`,
  remotes: (entry) => `leafnodes { remotes: [ { ${entry} } ] }`,
  "jetstream of an account": (entry) => `accounts { A { jetstream { ${entry} } } }`,
  msg_trace: (entry) => `accounts { A { msg_trace { ${entry} } } }`,
  auth_callout: (entry) => `authorization { auth_callout { ${entry} } }`,
};

/** The table below a heading: keys to states. */
function statesOf(heading: string): Map<string, State> {
  const body = migrate.split(/^#{2,3} /m).find((part) => {
    return part.split("\n")[0]?.replaceAll("`", "") === heading;
  });
  const states = new Map<string, State>();
  for (const [, keys = "", state] of (body ?? "").matchAll(
    /^\| (`[^|]*`) \| (same|own|refused|later) \|/gm,
  )) {
    for (const [, key = ""] of keys.matchAll(/`([^`]+)`/g)) states.set(key, state as State);
  }
  return states;
}

function problemsOf(text: string): string {
  const loaded = loadConfig("x", textSource(text), { sha256Hex });
  return loaded.ok ? "" : loaded.errors.map(({ message }) => message).join("\n");
}

/** What the reader makes of a key in a block. */
function stateOf(heading: string, key: string): string {
  const inBlock = BLOCKS[heading] ?? ((entry: string) => `${heading} { ${entry} }`);
  const said = problemsOf(inBlock(`${key}: true`));
  if (/unknown field/i.test(said)) return "unknown";
  if (said.includes("does not support")) return "later";
  return /not supported in this context|not compatible with/.test(said) ? "refused" : "read";
}

const asRead = (state: State | undefined): string =>
  state === "same" || state === "own" ? "read" : (state ?? "missing");

describe("docs/migrate.md", () => {
  it("has a table for each block of the reference", () => {
    expect(
      [...migrate.matchAll(/^### `?([^`\n]+)`?(.*)$/gm)].map(([, a, b]) => `${a}${b}`),
    ).toEqual(Object.keys(REFERENCE_KEYS));
  });

  test.each(Object.keys(REFERENCE_KEYS))("CK: names every key of %s", (heading) => {
    const states = statesOf(heading);
    expect([...states.keys()].sort()).toEqual([...(REFERENCE_KEYS[heading] ?? [])].sort());
  });

  it("CK: says of keys at the top what the reader does with them", () => {
    for (const [key, state] of statesOf("At the top")) {
      const row = findOption(key);
      expect([key, row === undefined ? "unknown" : row.feature ? "later" : "read"]).toEqual([
        key,
        asRead(state),
      ]);
    }
  });

  const blocks = Object.keys(REFERENCE_KEYS).filter((heading) => heading !== "At the top");
  test.each(blocks)("CK: says of keys of %s what the reader does with them", (heading) => {
    for (const [key, state] of statesOf(heading)) {
      expect([key, stateOf(heading, key)]).toEqual([key, asRead(state)]);
    }
    const isLater = [...statesOf(heading).values()].every((state) => state === "later");
    expect(stateOf(heading, "no_such_key")).toBe(isLater ? "later" : "unknown");
  });

  it("has the own keys, which the reference does not know", () => {
    const section = migrate.slice(migrate.indexOf("## Own keys"), migrate.indexOf("## Flags"));
    const named = [...section.matchAll(/^\| `(\w+)` \|/gm)].map(([, key = ""]) => key);
    const own = OPTION_ROWS.filter(({ row }) => row === "Weft").map(({ name }) => name);
    expect(named.sort()).toEqual(own.sort());
    for (const key of named) expect(REFERENCE_KEYS["At the top"]).not.toContain(key);
  });

  it("FL-01 to FL-10: names every flag", () => {
    const states = statesOf("Flags");
    const rows = FLAG_GROUPS.flatMap(({ rows: group }) => group);
    for (const row of rows) {
      for (const name of row.names) {
        expect([name, row.feature ? "later" : "read"]).toEqual([name, asRead(states.get(name))]);
      }
    }
    expect([...states.keys()].sort()).toEqual(rows.flatMap(({ names }) => names).sort());
    for (const name of REFERENCE_FLAGS) expect(states.has(name), name).toBe(true);
    const beyond = [...states.keys()].filter((name) => !REFERENCE_FLAGS.includes(name));
    expect(beyond.map((name) => states.get(name))).toEqual(beyond.map(() => "own"));
  });
});

describe("docs/configure.md", () => {
  it("has every key at the top with its other names and its default", () => {
    const shown = new Map(
      [...configure.matchAll(/^\| `(\w+)`(?: \(([^)]*)\))? \| ([^|]*?) ?\| [^|]+ \|$/gm)].map(
        ([, name = "", aliases = "", byDefault = ""]) => {
          return [name, [aliases.replaceAll("`", ""), byDefault.trim()]] as const;
        },
      ),
    );
    for (const row of OPTION_ROWS.filter(({ feature }) => feature === undefined)) {
      expect([row.name, shown.get(row.name)]).toEqual([
        row.name,
        [row.aliases.join(", "), row.default],
      ]);
    }
  });

  test.each(["authorization", "users", "permissions", "allow_responses", "accounts", "limits"])(
    "has every key of %s that is read",
    (heading) => {
      for (const [key, state] of statesOf(heading)) {
        if (asRead(state) === "read") expect(configure.includes(`\`${key}\``), key).toBe(true);
      }
    },
  );

  test("explains the keys of auth_callout", () => {
    for (const key of statesOf("auth_callout").keys()) {
      expect(calloutPage.includes(`\`${key}\``), key).toBe(true);
    }
  });

  test.each(["exports", "imports", "mappings", "tls"])("explains the keys of %s", (heading) => {
    for (const [key, state] of statesOf(heading)) {
      if (asRead(state) === "read") expect(configure.includes(`\`${key}\``), key).toBe(true);
    }
  });
});
