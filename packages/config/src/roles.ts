// Named sets of permissions (SB-28): `roles { NAME { publish, subscribe, allow_responses } }` at the top
// and in accounts, and who has them. Control thread. Must stay true: one role alone means what the same
// block would mean as `permissions`; a role that nobody has defined is an error, never a wider right.
import type { PermissionsSpec, ResponsePermission, SubjectRules } from "@weft/auth";
import type { SourcePosition } from "@weft/base";
import { readStrings } from "./fields.ts";
import type { Findings } from "./findings.ts";
import { type ConfigEntry, describeKind } from "./node.ts";
import { readPermissions } from "./permissions.ts";

export type Roles = ReadonlyMap<string, PermissionsSpec>;

export const NO_ROLES: Roles = new Map();

/** A role as somebody refers to it; it may be defined further down. */
export interface RoleReference {
  readonly name: string;
  readonly at: SourcePosition;
}

/** What a user or an account says of permissions: a block of its own, roles, or both. */
export interface ReadRights {
  readonly permissions?: PermissionsSpec | undefined;
  readonly roles?: readonly RoleReference[] | undefined;
}

/** The block of definitions. A wrong role is known all the same, so that it is reported once. */
export function readRoles(entry: ConfigEntry, findings: Findings): Roles {
  if (entry.node.kind !== "map") {
    const found = describeKind(entry.node);
    findings.error(entry.at, `Expected roles to be a map of role names, got ${found}`);
    return NO_ROLES;
  }
  const roles = new Map<string, PermissionsSpec>();
  for (const role of entry.node.entries.values()) {
    if (role.usedAsVariable) continue;
    const owner = `role ${JSON.stringify(role.key)}`;
    const permissions = readPermissions(role, owner, findings);
    if (permissions !== undefined && Object.keys(permissions).length === 0) {
      findings.advise(role.at, `${owner} allows everything`);
    }
    roles.set(role.key, permissions ?? {});
  }
  return roles;
}

/** `role: NAME` or `roles: [NAME, ...]`. */
export function readRoleNames(entry: ConfigEntry, findings: Findings): RoleReference[] {
  const names = readStrings(entry, "roles", findings) ?? [];
  const { node, at } = entry;
  if (node.kind === "list" && node.items.length === 0) {
    findings.error(at, `${JSON.stringify(entry.key)} names no role: leave it out`);
  }
  const places = node.kind === "list" ? node.items : [node];
  return names.map((name, index) => ({ name, at: places[index]?.at ?? at }));
}

/** `default_permissions`: a block, or the names of roles. */
export function readDefaultRights(
  entry: ConfigEntry,
  owner: string,
  findings: Findings,
): ReadRights {
  const { kind } = entry.node;
  if (kind === "string" || kind === "list") return { roles: readRoleNames(entry, findings) };
  return { permissions: readPermissions(entry, owner, findings) };
}

/** What all of it gives together; undefined = nothing was said. Unknown roles are errors. */
export function resolveRights(
  { permissions, roles = [] }: ReadRights,
  defined: readonly Roles[],
  findings: Findings,
): PermissionsSpec | undefined {
  if (roles.length === 0) return permissions;
  const parts = permissions === undefined ? [] : [permissions];
  for (const { name, at } of roles) {
    const found = defined.find((known) => known.has(name))?.get(name);
    if (found !== undefined) parts.push(found);
    else findings.error(at, `role ${JSON.stringify(name)} is not defined`);
  }
  return combinePermissions(parts);
}

/**
 * The union of what is allowed and of what is denied; deny wins. A part that has no allow list for a
 * side adds nothing to it; where no part has one, everything is allowed that is not denied.
 */
export function combinePermissions(parts: readonly PermissionsSpec[]): PermissionsSpec {
  const [only] = parts;
  if (only !== undefined && parts.length === 1) return only;
  const publish = combineRules(parts.map((part) => part.publish));
  const subscribe = combineRules(parts.map((part) => part.subscribe));
  const responses = combineResponses(parts.map((part) => part.responses));
  return {
    ...(publish && { publish }),
    ...(subscribe && { subscribe }),
    ...(responses && { responses }),
  };
}

function combineRules(rules: readonly (SubjectRules | undefined)[]): SubjectRules | undefined {
  const allow = union(rules.map((rule) => rule?.allow));
  const deny = union(rules.map((rule) => rule?.deny));
  if (allow === undefined && deny === undefined) return undefined;
  return { ...(allow && { allow }), ...(deny && { deny }) };
}

function union(lists: readonly (readonly string[] | undefined)[]): string[] | undefined {
  const written = lists.filter((list) => list !== undefined);
  return written.length === 0 ? undefined : [...new Set(written.flat())];
}

/** The wider of each; negative = no limit. */
function combineResponses(
  all: readonly (ResponsePermission | undefined)[],
): ResponsePermission | undefined {
  const given = all.filter((one) => one !== undefined);
  const [first, ...others] = given;
  if (first === undefined) return undefined;
  return others.reduce(
    (one, other) => ({
      messagesMax: wider(one.messagesMax, other.messagesMax),
      expiresMs: wider(one.expiresMs, other.expiresMs),
    }),
    first,
  );
}

function wider(one: number, other: number): number {
  return one < 0 || other < 0 ? -1 : Math.max(one, other);
}
