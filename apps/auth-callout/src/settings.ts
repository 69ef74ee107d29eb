// The configuration of the service: YAML or JSON, checked as a whole, with the place of each mistake.
// Must stay true: secrets stand in files of their own, and no message shows the text of one.
import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { isPublicKey } from "@weft/auth";
import { parse } from "yaml";
import { z } from "zod";
import { durationMs } from "./durations.ts";
import { ruleSchema } from "./rules.ts";

const path = z.string().min(1);

const tlsSchema = z.strictObject({
  ca_file: path.optional(),
  cert_file: path.optional(),
  key_file: path.optional(),
});

const natsSchema = z.strictObject({
  servers: z.array(z.string().min(1)).min(1),
  user: z.string().optional(),
  password_file: path.optional(),
  nkey_seed_file: path.optional(),
  creds_file: path.optional(),
  tls: tlsSchema.optional(),
  queue: z.string().min(1).default("auth-callout"),
  health_subject: z.string().min(1).default("auth-callout.health"),
});

const accountKey = z.string().refine((text) => isPublicKey(text, "account"), {
  message: "a public account key (A...) is wanted",
});

const signSchema = z.strictObject({
  /** Seed of the `issuer` of the server's configuration. */
  seed_file: path,
  /** Operator mode: the account whose signing key the seed is. */
  issuer_account: accountKey.optional(),
  xkey_seed_file: path.optional(),
  /** Operator mode: what signs users of each account. */
  accounts: z
    .record(z.string(), z.strictObject({ seed_file: path, key: accountKey.optional() }))
    .default({}),
});

const limitsSchema = z.strictObject({
  timeout: durationMs.default(1_500),
  under_way_max: z.int().min(1).max(100_000).default(256),
  logins_per_second: z.number().positive().default(500),
  logins_per_second_per_host: z.number().positive().default(100),
  failures_per_minute: z.int().min(1).default(30),
});

const staticSchema = z.strictObject({
  kind: z.literal("static"),
  file: path,
  rules: z.array(ruleSchema).min(1),
});

const oidcSchema = z.strictObject({
  kind: z.literal("oidc"),
  issuer: z.url(),
  audience: z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]),
  jwks_uri: z.url().optional(),
  algorithms: z
    .array(
      z.enum(["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"]),
    )
    .min(1)
    .default(["RS256", "PS256", "ES256", "EdDSA"]),
  token_in: z
    .array(z.enum(["token", "password"]))
    .min(1)
    .default(["token", "password"]),
  name_claim: z.string().default("sub"),
  groups_claim: z.string().default("groups"),
  clock_tolerance: durationMs.default(5_000),
  keys_cached: durationMs.default(600_000),
  keys_asked_every: durationMs.default(30_000),
  ca_file: path.optional(),
  insecure_http: z.boolean().default(false),
  rules: z.array(ruleSchema).min(1),
});

const ldapSchema = z
  .strictObject({
    kind: z.literal("ldap"),
    url: z.string().regex(/^ldaps?:\/\//, "an ldap:// or ldaps:// URL is wanted"),
    start_tls: z.boolean().default(false),
    insecure: z.boolean().default(false),
    ca_file: path.optional(),
    /** Where users stand, such as `uid={user},ou=people,dc=example,dc=org`. */
    user_dn: z.string().optional(),
    /** Or how they are found. */
    search: z
      .strictObject({
        bind_dn: z.string(),
        bind_password_file: path,
        base: z.string(),
        filter: z.string().default("(uid={user})"),
      })
      .optional(),
    groups: z
      .strictObject({
        base: z.string(),
        filter: z.string().default("(member={dn})"),
        attribute: z.string().default("cn"),
      })
      .optional(),
    /** What rules call a user by; what `{user}` is compared with when left out. */
    name_attribute: z.string().min(1).optional(),
    timeout: durationMs.default(1_000),
    rules: z.array(ruleSchema).min(1),
  })
  .refine((one) => (one.user_dn === undefined) !== (one.search === undefined), {
    message: "either `user_dn` or `search` is wanted",
  })
  .refine((one) => one.url.startsWith("ldaps:") || one.start_tls || one.insecure, {
    message: "passwords would go in the clear: use ldaps://, start_tls, or insecure: true",
  });

const moduleSchema = z.strictObject({
  kind: z.literal("module"),
  path,
  options: z.record(z.string(), z.unknown()).default({}),
});

export const settingsSchema = z.strictObject({
  nats: natsSchema,
  sign: signSchema,
  limits: limitsSchema.default(limitsSchema.parse({})),
  log: z
    .strictObject({ format: z.enum(["text", "json"]).default("text") })
    .default({ format: "text" }),
  backends: z
    .array(z.discriminatedUnion("kind", [staticSchema, oidcSchema, ldapSchema, moduleSchema]))
    .min(1),
});

export type Settings = z.output<typeof settingsSchema>;
export type StaticSettings = z.output<typeof staticSchema>;
export type OidcSettings = z.output<typeof oidcSchema>;
export type LdapSettings = z.output<typeof ldapSchema>;
export type ModuleSettings = z.output<typeof moduleSchema>;

/** A configuration that cannot be used; the text says where and why. */
export class SettingsError extends Error {}

const FILE_BYTES_MAX = 4 * 1024 * 1024;

/** Reads and checks a file; paths in it start from its folder. Throws {@link SettingsError}. */
export function loadSettings(file: string): {
  readonly settings: Settings;
  readonly folder: string;
} {
  const settings = checkSettings(readYaml(file), file);
  return { settings, folder: dirname(resolve(file)) };
}

/** YAML or JSON of a file. Throws {@link SettingsError}. */
export function readYaml(file: string): unknown {
  const text = readText(file);
  try {
    return parse(text, { maxAliasCount: 100 });
  } catch (error) {
    // The library shows the lines around the place, and with them perhaps a secret.
    const at = (error as { readonly linePos?: readonly { line: number; col: number }[] })
      .linePos?.[0];
    throw new SettingsError(`${file}${at ? `:${at.line}:${at.col}` : ""}: not YAML or JSON`);
  }
}

export function checkSettings(value: unknown, file: string): Settings {
  return checked(settingsSchema, value, file);
}

export function checked<T extends z.ZodType>(schema: T, value: unknown, file: string): z.output<T> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const problems = result.error.issues.map(({ path: at, message }) => {
    return `${file}: ${at.length === 0 ? "the whole" : at.join(".")}: ${message}`;
  });
  throw new SettingsError(problems.join("\n"));
}

function readText(file: string): string {
  try {
    const text = readFileSync(file, "utf8");
    if (text.length <= FILE_BYTES_MAX) return text;
  } catch (error) {
    throw new SettingsError(
      `${file}: ${(error as NodeJS.ErrnoException).code ?? "cannot be read"}`,
    );
  }
  throw new SettingsError(`${file}: larger than ${FILE_BYTES_MAX} bytes`);
}

/** The first line of a file with a secret, or the seed in a decorated one. */
export function readSecret(folder: string, file: string): string {
  const text = readText(resolve(folder, file));
  const decorated = /-----BEGIN [A-Z ]*SEED-----\s+(\S+)/.exec(text);
  const secret = decorated?.[1] ?? text.split(/\r?\n/, 1)[0] ?? "";
  if (secret === "") throw new SettingsError(`${file}: is empty`);
  return secret;
}
