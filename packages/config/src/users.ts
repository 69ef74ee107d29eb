// `users: [...]` of `authorization` and of accounts (AN-04, AN-08, AN-10, AN-13, AN-14). Control
// thread. Must stay true: names and nkeys share one space over the whole configuration.
import { type ConnectionType, isPublicKey, type PermissionsSpec, type UserSpec } from "@weft/auth";
import type { SourcePosition } from "@weft/base";
import type { ReadContext } from "./context.ts";
import { fieldNames, forEachField, readBoolean, readString, readStrings } from "./fields.ts";
import type { Findings } from "./findings.ts";
import { type ConfigEntry, type ConfigNode, describeKind, type MapNode } from "./node.ts";
import { readPermissions } from "./permissions.ts";
import { type RoleReference, type Roles, readRoleNames, resolveRights } from "./roles.ts";

const USER_FIELDS = fieldNames({
  user: ["username"],
  password: ["pass"],
  nkey: [],
  permissions: ["permission", "authorization"],
  role: ["roles"],
  allowed_connection_types: ["connection_types", "clients"],
  proxy_required: [],
});

const CONNECTION_TYPES: ReadonlySet<string> = new Set<ConnectionType>([
  "STANDARD",
  "WEBSOCKET",
  "LEAFNODE",
  "LEAFNODE_WS",
  "MQTT",
  "MQTT_WS",
  "IN_PROCESS",
]);

/** A user as read, before roles, defaults and duplicates are looked at. */
export interface ReadUser extends UserSpec {
  readonly at: SourcePosition;
  readonly roles?: readonly RoleReference[] | undefined;
}

/** What users of one block have in common. */
export interface UserBlock {
  /** Undefined = `$G`. */
  readonly account?: string | undefined;
  readonly defaultPermissions?: PermissionsSpec | undefined;
  /** Where roles are looked for, in this order. */
  readonly roles: readonly Roles[];
}

/** Reads a list of users; undefined when it is no list. Wrong users are left out, with errors. */
export function readUsers(entry: ConfigEntry, context: ReadContext): ReadUser[] | undefined {
  if (entry.node.kind !== "list") {
    const found = describeKind(entry.node);
    context.findings.error(entry.at, `Expected users field to be an array, got ${found}`);
    return undefined;
  }
  const users: ReadUser[] = [];
  for (const item of entry.node.items) {
    const user = readUser(item, context);
    if (user !== undefined) users.push(user);
  }
  return users;
}

function readUser(node: ConfigNode, context: ReadContext): ReadUser | undefined {
  const { findings } = context;
  if (node.kind !== "map") {
    const found = describeKind(node);
    findings.error(node.at, `Expected user entry to be a map/struct, got ${found}`);
    return undefined;
  }
  let user = "";
  let password: string | undefined;
  let nkey = "";
  let permissions: PermissionsSpec | undefined;
  let roles: RoleReference[] | undefined;
  let types: ConnectionType[] | undefined;
  let proxyRequired: boolean | undefined;
  const owner = ownerOf(node);
  forEachField(node, USER_FIELDS, findings, (name, entry) => {
    if (name === "user") user = readString(entry, findings) ?? user;
    else if (name === "password") password = readString(entry, findings);
    else if (name === "nkey") nkey = readString(entry, findings) ?? nkey;
    else if (name === "permissions") permissions = readPermissions(entry, owner, findings);
    else if (name === "role") roles = readRoleNames(entry, findings);
    else if (name === "proxy_required") proxyRequired = readBoolean(entry, findings);
    else types = readConnectionTypes(entry, findings);
  });
  const mistake = identityMistake(user, password, nkey);
  if (mistake !== undefined) {
    findings.error(node.at, mistake);
    return undefined;
  }
  return {
    user,
    ...(password !== undefined && { password }),
    ...(nkey !== "" && { nkey }),
    ...(permissions && { permissions }),
    ...(roles && { roles }),
    ...(types && { allowedConnectionTypes: types }),
    ...(proxyRequired && { proxyRequired: true }),
    at: node.at,
  };
}

function identityMistake(
  user: string,
  password: string | undefined,
  nkey: string,
): string | undefined {
  if (nkey === "" && user === "") return "User entry requires a user";
  if (nkey === "") return undefined;
  if (!isPublicKey(nkey, "user")) return "Not a valid public nkey for a user";
  if (user === "" && (password ?? "") === "") return undefined;
  return "Nkey users do not take usernames or passwords";
}

/** How errors about the permissions of this user name it, wherever its name stands in the map. */
function ownerOf(map: MapNode): string {
  let owner = 'user ""';
  for (const { key, node } of map.entries.values()) {
    if (node.kind !== "string") continue;
    const field = USER_FIELDS.get(key.toLowerCase());
    if (field === "nkey") return `nkey ${JSON.stringify(node.value)}`;
    if (field === "user") owner = `user ${JSON.stringify(node.value)}`;
  }
  return owner;
}

/** AN-13; docs/compat/17-corrections.md has the text. */
function readConnectionTypes(entry: ConfigEntry, findings: Findings): ConnectionType[] | undefined {
  const names = readStrings(entry, "allowed connection types", findings);
  if (names === undefined) return undefined;
  const types: ConnectionType[] = [];
  const unknown: string[] = [];
  for (const name of names) {
    const upper = name.toUpperCase();
    if (!CONNECTION_TYPES.has(upper)) unknown.push(JSON.stringify(name));
    else if (!types.includes(upper as ConnectionType)) types.push(upper as ConnectionType);
  }
  if (unknown.length > 0) {
    findings.error(entry.at, `invalid connection types [${unknown.join(" ")}]`);
  }
  return types;
}

/** Collects the users of all blocks and refuses a name that comes twice (AN-10). */
export class UserDirectory {
  readonly users: UserSpec[] = [];
  readonly #findings: Findings;
  readonly #taken = new Set<string>();

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  /** Adds users with the account and default permissions of their block (AN-14, AN-20). */
  add(
    users: readonly ReadUser[],
    { account, defaultPermissions, roles: defined }: UserBlock,
  ): void {
    for (const { roles, ...user } of users) {
      const name = user.nkey ?? user.user;
      if (this.#taken.has(name)) {
        const kind = user.nkey === undefined ? "user" : "nkey";
        this.#findings.error(user.at, `Duplicate ${kind} ${JSON.stringify(name)} detected`);
        continue;
      }
      this.#taken.add(name);
      const own = resolveRights({ permissions: user.permissions, roles }, defined, this.#findings);
      const permissions = own ?? defaultPermissions;
      this.users.push({
        ...user,
        ...(account !== undefined && { account }),
        ...(permissions && { permissions }),
      });
    }
  }
}
