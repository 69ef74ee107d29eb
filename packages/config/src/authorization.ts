// `authorization { ... }` (AN-01 to AN-03, AN-15). Control thread.
import type { SourcePosition } from "@weft/base";
import { type ReadCallout, readAuthCallout } from "./auth-callout.ts";
import type { ReadContext } from "./context.ts";
import {
  fieldNames,
  forEachField,
  readBoolean,
  readMap,
  readSeconds,
  readString,
} from "./fields.ts";
import type { Findings } from "./findings.ts";
import type { ConfigEntry } from "./node.ts";
import { type ReadRights, readDefaultRights } from "./roles.ts";
import { type ReadUser, readUsers } from "./users.ts";

const AUTHORIZATION_FIELDS = fieldNames({
  user: ["username"],
  password: ["pass"],
  token: [],
  timeout: [],
  users: [],
  default_permissions: ["default_permission", "permissions"],
  auth_callout: ["auth_hook"],
  proxy_required: [],
});

/** Above this a timeout is probably a mistake (AN-15). */
const TIMEOUT_HIGH_MS = 60_000;

/** The block as read, before it is put together with the users of accounts. */
export interface Authorization {
  readonly at: SourcePosition;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  readonly token?: string | undefined;
  readonly timeoutMs?: number | undefined;
  /** Undefined when there is no `users` field. */
  readonly users?: readonly ReadUser[] | undefined;
  readonly defaultRights?: ReadRights | undefined;
  readonly callout?: ReadCallout | undefined;
  /** AN-82. Of the single user or the token. */
  readonly proxyRequired?: boolean | undefined;
}

/** Reads the block; undefined when it is no map. */
export function readAuthorization(
  entry: ConfigEntry,
  context: ReadContext,
): Authorization | undefined {
  const { findings } = context;
  const map = readMap(entry, findings);
  if (map === undefined) return undefined;
  const read: { -readonly [K in keyof Authorization]: Authorization[K] } = { at: entry.at };
  forEachField(map, AUTHORIZATION_FIELDS, findings, (name, field) => {
    switch (name) {
      case "user":
        read.user = readString(field, findings) || undefined;
        break;
      case "password":
        read.password = readSecret(field, "the name alone lets in", findings);
        break;
      case "token":
        read.token = readSecret(field, "clients need not show one", findings);
        break;
      case "timeout":
        read.timeoutMs = readTimeout(field, findings);
        break;
      case "users":
        read.users = readUsers(field, context);
        break;
      case "default_permissions":
        read.defaultRights = readDefaultRights(field, "authorization", findings);
        break;
      case "auth_callout":
        read.callout = readAuthCallout(field, findings);
        break;
      case "proxy_required":
        read.proxyRequired = readBoolean(field, findings);
        break;
    }
  });
  if ((read.user !== undefined || read.password !== undefined) && read.token !== undefined) {
    findings.error(entry.at, "Cannot have a user/pass and token");
  }
  return read;
}

/** An empty one is none, as in the reference; a variable that was forgotten looks like that. */
function readSecret(entry: ConfigEntry, then: string, findings: Findings): string | undefined {
  const secret = readString(entry, findings);
  if (secret === "") findings.advise(entry.at, `an empty ${entry.key} is none: ${then}`);
  return secret || undefined;
}

function readTimeout(entry: ConfigEntry, findings: Findings): number | undefined {
  const timeoutMs = readSeconds(entry, "authorization config", findings);
  if (timeoutMs === undefined) return undefined;
  if (timeoutMs > TIMEOUT_HIGH_MS) {
    findings.warn(
      entry.at,
      `invalid use of field ${JSON.stringify(entry.key)}: ` +
        `timeout of ${timeoutMs / 1_000} ` +
        "seconds is high, consider keeping it under 60 seconds. " +
        "possibly caused by unquoted duration; " +
        "use '1m' instead of 1m, for example",
    );
  }
  // Zero stands for the default.
  return timeoutMs === 0 ? undefined : timeoutMs;
}

/** AN-02: one way of naming users at a time. `accountUsers`: some account has users. */
export function checkAuthorization(
  block: Authorization | undefined,
  accountUsers: boolean,
  findings: Findings,
): void {
  if (block === undefined) return;
  const other = block.users !== undefined ? "a users array" : accountUsers ? "accounts" : undefined;
  if (other === undefined) return;
  if (block.user !== undefined) {
    findings.error(block.at, `Can not have a single user/pass and ${other}`);
  }
  if (block.token !== undefined) {
    findings.error(block.at, `Can not have a token and ${other}`);
  }
}
