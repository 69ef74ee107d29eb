// `authorization { auth_callout { ... } }` (AN-60, AN-61). Control thread. Must stay true: a block
// that is not whole leaves no callout behind, and an error says why.
import { type CalloutSpec, isPublicKey } from "@weft/auth";
import type { SourcePosition } from "@weft/base";
import { fieldNames, forEachField, readString } from "./fields.ts";
import type { Findings } from "./findings.ts";
import { type ConfigEntry, describeKind } from "./node.ts";
import { GLOBAL_ACCOUNT, type ServerOptions } from "./options.ts";
import { shownKey } from "./shown-key.ts";

const CALLOUT_FIELDS = fieldNames({
  issuer: [],
  account: ["acc"],
  auth_users: ["users"],
  xkey: ["key"],
  allowed_accounts: [],
});

/** The block as read. */
export interface ReadCallout {
  readonly at: SourcePosition;
  readonly spec: CalloutSpec;
  /** Where each of the allowed accounts is named. */
  readonly allowedAt: ReadonlyMap<string, SourcePosition>;
}

export function readAuthCallout(entry: ConfigEntry, findings: Findings): ReadCallout | undefined {
  if (entry.node.kind !== "map") {
    const found = describeKind(entry.node);
    findings.error(entry.at, `Expected authorization callout to be a map/struct, got ${found}`);
    return undefined;
  }
  const errorsBefore = findings.errorCount;
  let issuer = "";
  let account = "";
  let authUsers: readonly string[] = [];
  let allowedAt: ReadonlyMap<string, SourcePosition> = new Map();
  let xkey: string | undefined;
  const unknown = (key: string): string =>
    `Unknown field ${JSON.stringify(key)} parsing authorization callout`;
  forEachField(
    entry.node,
    CALLOUT_FIELDS,
    findings,
    (name, field) => {
      if (name === "issuer") issuer = readIssuer(field, findings);
      else if (name === "account") account = readString(field, findings) ?? "";
      else if (name === "auth_users")
        authUsers = [...readNames(field, "auth_users field", findings).keys()];
      else if (name === "xkey") xkey = readCurveKey(field, findings);
      else allowedAt = readNames(field, "allowed accounts field", findings);
    },
    unknown,
  );
  if (findings.errorCount > errorsBefore) return undefined;
  if (issuer === "") {
    findings.error(entry.at, "Authorization callouts require an issuer to be specified");
    return undefined;
  }
  if (authUsers.length === 0) {
    findings.error(entry.at, "Authorization callouts require authorized users to be specified");
    return undefined;
  }
  const allowedAccounts = [...allowedAt.keys()];
  const spec = { issuer, account: account || GLOBAL_ACCOUNT, authUsers, xkey, allowedAccounts };
  return { at: entry.at, spec, allowedAt };
}

function readIssuer(entry: ConfigEntry, findings: Findings): string {
  const key = readString(entry, findings) ?? "";
  if (key !== "" && !isPublicKey(key, "account")) {
    const text = "Expected callout user to be a valid public account nkey";
    findings.error(entry.at, `${text}, got ${shownKey(key)}`);
  }
  return key;
}

function readCurveKey(entry: ConfigEntry, findings: Findings): string | undefined {
  const key = readString(entry, findings);
  if (key === undefined || isPublicKey(key, "curve")) return key;
  findings.error(entry.at, `Expected callout xkey to be a valid public xkey, got ${shownKey(key)}`);
  return undefined;
}

/** Names with their places. */
function readNames(
  entry: ConfigEntry,
  what: string,
  findings: Findings,
): ReadonlyMap<string, SourcePosition> {
  const { node } = entry;
  if (node.kind !== "list") {
    findings.error(entry.at, `Expected ${what} to be an array, got ${describeKind(node)}`);
    return new Map();
  }
  const names = new Map<string, SourcePosition>();
  for (const item of node.items) {
    if (item.kind === "string") names.set(item.value, item.at);
    else {
      const found = describeKind(item);
      findings.error(item.at, `Expected ${what} to be an array of strings, got ${found}`);
    }
  }
  return names;
}

/** What only the whole configuration tells. The reference starts with all but the first. */
export function checkCallout(
  callout: ReadCallout | undefined,
  { accounts, auth, systemAccount, noSystemAccount, mixedAuthentication }: ServerOptions,
  findings: Findings,
): void {
  if (callout === undefined) return;
  const { at, spec } = callout;
  const names = new Set(accounts.map(({ name }) => name));
  for (const name of spec.allowedAccounts) {
    // What may stand here beside other mechanisms is looked at with them.
    if (names.has(name) || mixedAuthentication) continue;
    const shownName = JSON.stringify(name);
    findings.error(
      at,
      `auth_callout allowed account ${shownName} not found in configured accounts`,
    );
  }
  const isThere = names.has(spec.account) || spec.account === GLOBAL_ACCOUNT;
  if (!isThere && spec.account !== systemAccount) {
    findings.advise(at, `Authorization callout account ${JSON.stringify(spec.account)} not valid`);
  }
  for (const user of spec.authUsers) {
    const isUser = auth.users.some((known) => (known.nkey ?? known.user) === user);
    if (!isUser && auth.user !== user) {
      findings.advise(at, `Authorization callout user ${JSON.stringify(user)} not valid`);
    }
  }
  if (noSystemAccount) findings.advise(at, "auth_callout asks nobody without a system account");
}
