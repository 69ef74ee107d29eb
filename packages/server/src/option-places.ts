// Where in the options of a program something stands, for findings that are made when all is put
// together. Control thread. Must stay true: what was read from a file keeps its place there.
import type { AccountSpec } from "@weft/accounts";
import type { UserSpec } from "@weft/auth";
import type { ConfigProblem, SourcePosition } from "@weft/base";
import type { PlaceOf, ServerOptions } from "@weft/config";
import type { StartOptions } from "./start-options.ts";

/** No file has it: the place is all in the name. */
const NO_LINE = 0;

type Placed = { readonly at?: SourcePosition | undefined };

function optionPlace(place: string): SourcePosition {
  return { file: place, line: NO_LINE, column: NO_LINE };
}

function placedList<T extends Placed>(list: readonly T[], name: string): readonly T[] {
  return list.map((one, index) =>
    one.at === undefined || one.at.line === NO_LINE
      ? { ...one, at: optionPlace(`${name}[${index}]`) }
      : one,
  );
}

export function placedUsers(users: readonly UserSpec[]): readonly UserSpec[] {
  return placedList(users, "users");
}

export function placedAccounts(accounts: readonly AccountSpec[]): readonly AccountSpec[] {
  return placedList(accounts, "accounts").map((account, index) => {
    const inside = <T extends Placed>(list: readonly T[] | undefined, name: string) =>
      list === undefined ? {} : { [name]: placedList(list, `accounts[${index}].${name}`) };
    const { mappings, exports, imports } = account;
    return {
      ...account,
      ...inside(mappings, "mappings"),
      ...inside(exports, "exports"),
      ...inside(imports, "imports"),
    };
  });
}

export function placedOptions(options: StartOptions["options"] = {}): Partial<ServerOptions> {
  const { globalMappings: mappings } = options;
  if (mappings === undefined) return options;
  return { ...options, globalMappings: placedList(mappings, "options.globalMappings") };
}

/** Members of `options` by the name that the configuration has for them. */
const MEMBERS: Readonly<Record<string, string>> = {
  lame_duck_grace_period: "lameDuckGraceMs",
  lame_duck_duration: "lameDuckDurationMs",
  max_payload: "limits",
  max_pending: "limits",
  proxies: "trustedProxies",
  mixed_authentication: "mixedAuthentication",
  operator: "operator",
  system_account: "systemAccount",
  monitoring: "monitoring",
};

/** Of an option that the program has given; others were judged with their file. */
export function placesOf({ options = {} }: StartOptions): PlaceOf {
  return (name) => {
    const member = MEMBERS[name];
    const isGiven = member !== undefined && Object.hasOwn(options, member);
    return isGiven ? optionPlace(`options.${member}`) : undefined;
  };
}

/** The place of a member of what stands at `at`, where it is told by names. */
export function memberPlace(at: SourcePosition | undefined, member: string) {
  return at?.line === NO_LINE ? optionPlace(`${at.file}.${member}`) : at;
}

/** With the place in the text, as findings about single options have it. */
export function toldPlace(problem: ConfigProblem): ConfigProblem {
  const { message, at } = problem;
  return at?.line === NO_LINE ? { message: `${at.file}: ${message}` } : problem;
}
