// `accounts { NAME { ... } }` (AC-02 to AC-04, AC-06, AC-23). Control thread. Must stay true: every
// account that an export or import names is one that the file defines.

import type { AccountLimitsSpec, AccountSpec } from "@weft/accounts";
import { isPublicKey } from "@weft/auth";
import type { ReadContext } from "./context.ts";
import { readExports } from "./exports.ts";
import { fieldNames, forEachField, readInteger } from "./fields.ts";
import type { Findings } from "./findings.ts";
import { readImports } from "./imports.ts";
import { readMappings } from "./mappings.ts";
import { readMechanism, type WrittenMechanism } from "./mechanism.ts";
import { readMessageTrace } from "./message-trace.ts";
import { type ConfigEntry, type ConfigNode, describeKind, type MapNode } from "./node.ts";
import { GLOBAL_ACCOUNT } from "./options.ts";
import { NO_ROLES, type ReadRights, type Roles, readDefaultRights, readRoles } from "./roles.ts";
import { reportUnsupported } from "./unsupported.ts";
import { type ReadUser, readUsers } from "./users.ts";
import { VALUE_BOUNDS } from "./value-bounds.ts";

const ACCOUNT_FIELDS = fieldNames({
  nkey: [],
  users: [],
  imports: [],
  exports: [],
  jetstream: [],
  default_permissions: [],
  mappings: ["maps"],
  limits: [],
  roles: [],
  mechanism: [],
  msg_trace: ["trace_dest"],
});

const LIMIT_FIELDS = fieldNames({
  max_connections: ["max_conn"],
  max_subscriptions: ["max_subs"],
  max_payload: ["max_pay"],
  max_leafnodes: ["max_leafs"],
});

const INT32_MAX = VALUE_BOUNDS.int32Max;

/** An account with its users, which are put together with all others later. */
export interface ReadAccount {
  readonly spec: AccountSpec;
  readonly users: readonly ReadUser[];
  readonly roles: Roles;
  readonly defaultRights: ReadRights;
  /** Own key: how its users log in, as written. */
  readonly mechanism?: WrittenMechanism | undefined;
  /** Names of the other fields that were written. */
  readonly others: readonly string[];
}

/** Reads the block, in the order written. */
export function readAccounts(entry: ConfigEntry, context: ReadContext): ReadAccount[] {
  const { findings } = context;
  if (entry.node.kind === "list") return readNames(entry.node.items, findings);
  if (entry.node.kind === "map") return readAccountMap(entry.node, context);
  // Section 17, AC-02: accepted by the reference, without any effect.
  const found = describeKind(entry.node);
  findings.advise(entry.at, `accounts should be a map or an array, got ${found}; ignored`);
  return [];
}

/** `accounts: [A, B]`. */
function readNames(items: readonly ConfigNode[], findings: Findings): ReadAccount[] {
  const names = new Set<string>();
  const accounts: ReadAccount[] = [];
  for (const item of items) {
    if (item.kind !== "string") {
      findings.error(item.at, `expected an account name, got ${describeKind(item)}`);
    } else if (item.value === GLOBAL_ACCOUNT) {
      findings.error(item.at, `${JSON.stringify(item.value)} is a Reserved Account`);
    } else if (names.has(item.value)) {
      findings.error(item.at, `Duplicate Account Entry: ${item.value}`);
    } else {
      names.add(item.value);
      const spec = { name: item.value, at: item.at };
      accounts.push({ spec, users: [], roles: NO_ROLES, defaultRights: {}, others: [] });
    }
  }
  return accounts;
}

function readAccountMap(map: MapNode, context: ReadContext): ReadAccount[] {
  const accounts: ReadAccount[] = [];
  for (const entry of map.entries.values()) {
    if (entry.usedAsVariable) continue;
    if (entry.node.kind !== "map") {
      context.findings.error(entry.at, "Expected map entries for accounts");
    } else if (entry.key === GLOBAL_ACCOUNT) {
      context.findings.error(entry.at, `${JSON.stringify(entry.key)} is a Reserved Account`);
    } else {
      accounts.push(readAccount(entry, entry.node, context));
    }
  }
  checkReferences(accounts, context);
  return accounts;
}

function readAccount(account: ConfigEntry, map: MapNode, context: ReadContext): ReadAccount {
  const { findings } = context;
  const spec: { -readonly [K in keyof AccountSpec]: AccountSpec[K] } = {
    name: account.key,
    at: account.at,
  };
  const read: { -readonly [K in keyof ReadAccount]: ReadAccount[K] } = {
    spec,
    users: [],
    roles: NO_ROLES,
    defaultRights: {},
    others: [],
  };
  forEachField(map, ACCOUNT_FIELDS, findings, (name, field) => {
    if (name !== "mechanism") read.others = [...read.others, field.key];
    switch (name) {
      case "nkey":
        spec.nkey = readAccountKey(field, findings);
        break;
      case "users":
        read.users = readUsers(field, context) ?? [];
        break;
      case "imports":
        spec.imports = readImports(field, context);
        break;
      case "exports":
        spec.exports = readExports(field, context);
        break;
      case "default_permissions":
        read.defaultRights = readDefaultRights(
          field,
          `account ${JSON.stringify(account.key)}`,
          findings,
        );
        break;
      case "roles":
        read.roles = readRoles(field, findings);
        break;
      case "mechanism":
        read.mechanism = readMechanism(field, context);
        break;
      case "mappings":
        spec.mappings = readMappings(field, findings);
        break;
      case "limits":
        spec.limits = readLimits(field, findings);
        break;
      case "jetstream":
        reportUnsupported(field, "JetStream", context, findings);
        break;
      case "msg_trace":
        spec.messageTrace = readMessageTrace(field, findings);
        break;
    }
  });
  return read;
}

function readAccountKey(field: ConfigEntry, findings: Findings): string | undefined {
  const node = field.node;
  if (node.kind === "string" && isPublicKey(node.value, "account")) return node.value;
  const shown = node.kind === "string" ? JSON.stringify(node.value) : describeKind(node);
  findings.error(field.at, `Not a valid public nkey for an account: ${shown}`);
  return undefined;
}

function readLimits(field: ConfigEntry, findings: Findings): AccountLimitsSpec | undefined {
  if (field.node.kind !== "map") {
    const found = describeKind(field.node);
    findings.error(field.at, `Expected account limits to be a map/struct, got ${found}`);
    return undefined;
  }
  const limits: { -readonly [K in keyof AccountLimitsSpec]: AccountLimitsSpec[K] } = {};
  forEachField(
    field.node,
    LIMIT_FIELDS,
    findings,
    (name, limit) => {
      const value = readInteger(limit, findings);
      if (value === undefined) return;
      if (value > INT32_MAX || value < -1) {
        findings.error(limit.at, `${limit.key} value ${value} is out of the range`);
        return;
      }
      if (name === "max_connections") limits.connectionsMax = value;
      else if (name === "max_subscriptions") limits.subscriptionsMax = value;
      else if (name === "max_payload") limits.payloadBytesMax = value;
      else {
        limits.leafnodesMax = value;
        if (value > 0) findings.advise(limit.at, "there are no leafnodes yet: no effect");
      }
    },
    (key) => `Unknown field ${JSON.stringify(key)} parsing account limits`,
  );
  return limits;
}

/** AC-23. With several mechanisms an account key names one that a resolver knows. */
function checkReferences(accounts: readonly ReadAccount[], context: ReadContext): void {
  const { findings, isMixed } = context;
  const defined = new Set(accounts.map(({ spec }) => spec.name));
  const names = {
    has: (name: string): boolean =>
      defined.has(name) || (isMixed === true && isPublicKey(name, "account")),
  };
  for (const { spec } of accounts) {
    for (const exported of spec.exports ?? []) {
      for (const name of exported.accounts ?? []) {
        if (names.has(name)) continue;
        const shown = JSON.stringify(name);
        findings.error(exported.at, `${shown} account not defined for ${exported.kind} export`);
      }
    }
    for (const imported of spec.imports ?? []) {
      if (names.has(imported.account)) continue;
      const shown = JSON.stringify(imported.account);
      findings.error(imported.at, `${shown} account not defined for ${imported.kind} import`);
    }
  }
}
