// What an authentication module is asked about a login, and what is believed of its answers (GP-14,
// AN-19). Any thread; pure. Must stay true: an answer is taken whole or not at all: a word that is not
// known, a wrong type or a wrong subject refuses the login, or a slip would give more than was meant.
import { plainText, REDACTED } from "@weft/base";
import { connectionTypeAllowed, parseConnectionType } from "./connection-type.ts";
import { GLOBAL_ACCOUNT } from "./credential-table.ts";
import type { CalloutUser } from "./identity.ts";
import { validatePermissions } from "./permissions.ts";
import type { ConnectionType, PermissionsSpec } from "./spec.ts";

/** A login as the module sees it. Holds secrets: never logged. */
export interface AuthenticationRequest {
  readonly kind: "client";
  readonly connectionType: ConnectionType;
  readonly clientId: number;
  /** Of the peer. */
  readonly address: string;
  readonly port: number;
  /** Text in INFO; a signature is over its bytes. */
  readonly nonce: string;
  /** Fields of CONNECT; empty where nothing was sent. */
  readonly connect: {
    readonly user: string;
    readonly pass: string;
    readonly token: string;
    readonly nkey: string;
    readonly sig: string;
    readonly jwt: string;
    readonly name: string;
    readonly lang: string;
    readonly version: string;
    readonly protocol: number;
  };
  /** Undefined = in the clear. Certificates are DER and verified; the client's own first. */
  readonly tls?:
    | {
        readonly version: string;
        readonly cipher: string;
        readonly certificates: readonly Uint8Array[];
      }
    | undefined;
  /** AN-81. Key of the trusted proxy that it came through. */
  readonly proxy?: string | undefined;
}

/** Somebody who may come in. */
export interface AuthenticatedUser {
  /** For logs and monitoring. Default: as the client called itself. */
  readonly user?: string | undefined;
  /** Default: `$G`. In operator mode a public account key. */
  readonly account?: string | undefined;
  /** Undefined = unrestricted. */
  readonly permissions?: PermissionsSpec | undefined;
  readonly payloadBytesMax?: number | undefined;
  readonly subscriptionsMax?: number | undefined;
  /** The connection ends then; Unix milliseconds. */
  readonly expiresAtMs?: number | undefined;
  /** Default: all. */
  readonly allowedConnectionTypes?: readonly ConnectionType[] | undefined;
  /** AN-82. */
  readonly proxyRequired?: boolean | undefined;
  /** For monitoring and events. */
  readonly tags?: readonly string[] | undefined;
}

/** `next`: whatever the server would say without a module. The reason is for the log alone. */
export type AuthenticationAnswer = AuthenticatedUser | { readonly refuse: string } | "next";

/** An answer that was looked at. */
export type PluginVerdict =
  | { readonly kind: "user"; readonly user: CalloutUser }
  | { readonly kind: "next" }
  | { readonly kind: "refused"; readonly reason: string };

const NAME_MAX = 1_024;
/** Of a text that secrets are looked for in. */
const SAID_MAX = 65_536;
const RULES_MAX = 4_096;
const TAGS_MAX = 64;

/** The largest instant of a Date. */
const UNIX_MS_MAX = 8_640_000_000_000_000;

type Fields = Readonly<Record<string, unknown>>;

/** What is wrong with an answer. */
class Nonsense extends Error {}

/** An object as one writes it: an error, a Map or a `Response` keeps its fields elsewhere. */
function isFields(value: unknown): value is Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/**
 * The fields of a map, of which no other may be there. Nothing, or an undefined field, is what a lookup
 * by a name of a stranger gives (`users["__proto__"]`, `accounts[token]`), and would mean everything.
 */
function fieldsOf(value: unknown, where: string, known: readonly string[]): Fields {
  if (!isFields(value)) throw new Nonsense(`${where} is no object`);
  const names = Object.keys(value);
  if (names.length === 0) throw new Nonsense(`${where} is empty`);
  const other = names.find((name) => !known.includes(name));
  if (other !== undefined)
    throw new Nonsense(`${where} has an unknown field "${plainText(other)}"`);
  const missing = names.find((name) => value[name] === undefined);
  if (missing !== undefined) throw new Nonsense(`${where} has an undefined field "${missing}"`);
  return value;
}

function textOf(value: unknown, name: string): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== "string") throw new Nonsense(`${name} is no string`);
  if (value.length > NAME_MAX) throw new Nonsense(`${name} is too long`);
  return value;
}

function countOf(value: unknown, name: string, min: number, max: number): number | undefined {
  if (value === undefined) return undefined;
  const isGood = Number.isSafeInteger(value) && Number(value) >= min && Number(value) <= max;
  if (!isGood) throw new Nonsense(`${name} is no whole number from ${min} to ${max}`);
  return Number(value);
}

function textsOf(value: unknown, name: string, max = RULES_MAX): readonly string[] | undefined {
  if (value === undefined) return undefined;
  if (!Array.isArray(value)) throw new Nonsense(`${name} is no list`);
  if (value.length > max) throw new Nonsense(`${name} is too long`);
  return value.map((item) => textOf(item ?? 0, `an entry of ${name}`) ?? "");
}

function rulesOf(value: unknown, name: string) {
  if (value === undefined) return undefined;
  const { allow, deny } = fieldsOf(value, name, ["allow", "deny"]);
  return { allow: textsOf(allow, `${name}.allow`), deny: textsOf(deny, `${name}.deny`) };
}

function permissionsOf(value: unknown): PermissionsSpec | undefined {
  if (value === undefined) return undefined;
  const known = ["publish", "subscribe", "responses"];
  const { publish, subscribe, responses } = fieldsOf(value, "permissions", known);
  const spec: PermissionsSpec = {
    publish: rulesOf(publish, "permissions.publish"),
    subscribe: rulesOf(subscribe, "permissions.subscribe"),
    responses: responsesOf(responses),
  };
  const [problem] = validatePermissions(spec);
  if (problem !== undefined) throw new Nonsense(`permissions: ${plainText(problem)}`);
  return spec;
}

function responsesOf(value: unknown): PermissionsSpec["responses"] {
  if (value === undefined) return undefined;
  const name = "permissions.responses";
  const fields = fieldsOf(value, name, ["messagesMax", "expiresMs"]);
  const max = Number.MAX_SAFE_INTEGER;
  const messagesMax = countOf(fields["messagesMax"], `${name}.messagesMax`, -1, max);
  const expiresMs = countOf(fields["expiresMs"], `${name}.expiresMs`, -1, max);
  if (messagesMax === undefined || expiresMs === undefined) {
    throw new Nonsense(`${name} needs messagesMax and expiresMs`);
  }
  return { messagesMax, expiresMs };
}

function typesOf(value: unknown): readonly ConnectionType[] | undefined {
  return textsOf(value, "allowedConnectionTypes")?.map((text) => {
    const type = parseConnectionType(text);
    if (type === undefined) throw new Nonsense(`unknown connection type "${plainText(text)}"`);
    return type;
  });
}

const USER_FIELDS = [
  "user",
  "account",
  "permissions",
  "payloadBytesMax",
  "subscriptionsMax",
  "expiresAtMs",
  "allowedConnectionTypes",
  "proxyRequired",
  "tags",
] as const satisfies readonly (keyof AuthenticatedUser)[];

function userOf(answer: Fields, { connectionType }: AuthenticationRequest): PluginVerdict {
  const fields = fieldsOf(answer, "the answer", USER_FIELDS) as Record<string, unknown>;
  const { proxyRequired } = fields as { readonly proxyRequired?: unknown };
  if (proxyRequired !== undefined && typeof proxyRequired !== "boolean") {
    throw new Nonsense("proxyRequired is neither true nor false");
  }
  const types = typesOf(fields["allowedConnectionTypes"]);
  if (!connectionTypeAllowed(types, connectionType)) {
    return { kind: "refused", reason: "connection type not allowed" };
  }
  const max = Number.MAX_SAFE_INTEGER;
  const user: CalloutUser = {
    accountName: textOf(fields["account"], "account") ?? GLOBAL_ACCOUNT,
    name: textOf(fields["user"], "user") ?? "",
    permissions: permissionsOf(fields["permissions"]),
    payloadBytesMax: countOf(fields["payloadBytesMax"], "payloadBytesMax", 0, max),
    subscriptionsMax: countOf(fields["subscriptionsMax"], "subscriptionsMax", 0, max),
    expiresAtMs: countOf(fields["expiresAtMs"], "expiresAtMs", 0, UNIX_MS_MAX),
    proxyRequired,
    tags: textsOf(fields["tags"], "tags", TAGS_MAX),
  };
  return { kind: "user", user };
}

/** Never throws, whatever `answer` is. */
export function readAnswer(answer: unknown, request: AuthenticationRequest): PluginVerdict {
  const refused = (reason: string): PluginVerdict => ({ kind: "refused", reason });
  if (answer === "next") return { kind: "next" };
  if (answer === undefined || answer === null || answer === false) return refused("no answer");
  try {
    if (!isFields(answer)) throw new Nonsense("it is no object");
    if (!Object.hasOwn(answer, "refuse")) return userOf(answer, request);
    const { refuse } = fieldsOf(answer, "the answer", ["refuse"]);
    if (typeof refuse !== "string") throw new Nonsense("refuse is no string");
    return refused(withoutSecrets(refuse, request));
  } catch (error) {
    // A getter of the module may throw anything.
    const text = error instanceof Nonsense ? error.message : "it cannot be read";
    return refused(`the answer makes no sense: ${withoutSecrets(text, request)}`);
  }
}

/**
 * A text of the module for the log: bounded, one line, and nothing of what the client sent to prove
 * itself.
 */
export function withoutSecrets(text: string, { connect }: AuthenticationRequest): string {
  const { pass, token, sig, jwt, nkey } = connect;
  let shown = text.slice(0, SAID_MAX);
  for (const secret of [jwt, sig, token, pass, nkey]) {
    for (const spelling of secret === "" ? [] : spellingsOf(secret)) {
      shown = shown.replaceAll(spelling, REDACTED);
    }
  }
  return plainText(shown);
}

/** As it is, as within JSON, and as within a URL: requests to others stand in their errors. */
function spellingsOf(secret: string): ReadonlySet<string> {
  const written = secret.toWellFormed();
  return new Set([secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(written)]);
}
