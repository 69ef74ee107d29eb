// Everything about a reload that can fail, done before anything changes (RL-12). Control thread.
// Must stay true: what is prepared changes nothing until it is committed, and committing cannot fail.
import type { AccountsSnapshot } from "@weft/accounts";
import { type SecretChange, secretChanges } from "@weft/auth";
import type { ConfigProblem } from "@weft/base";
import { compareOptions, type OptionChange, type ServerOptions } from "@weft/config";
import type { TlsContextOptions } from "@weft/net";
import type { AccountRetirement } from "./account-retirement.ts";
import { ReloadError, reloadError } from "./reload-error.ts";
import type {
  PreparedPart,
  ReloadInput,
  ReloadPart,
  ReloadSource,
  ServerConfiguration,
} from "./runtime.ts";
import { loadTlsMaterial } from "./tls-material.ts";

/** Passwords that are compared; more at one time are taken for changed. */
const COMPARED_MAX = 256;
/** Comparisons under way at the same time. */
const COMPARED_AT_ONCE = 8;

export interface PreparationTools {
  readonly current: ServerConfiguration;
  readonly boundPort: number;
  readonly retirement: AccountRetirement;
  readonly parts: readonly ReloadPart[];
  /** Accounts that do not come from the file; undefined = all do. */
  readonly accountsNow?: (() => AccountsSnapshot) | undefined;
  /** Whether `given` is the password of the bcrypt hash `stored`. */
  compareHash(stored: string, given: string): Promise<boolean>;
}

export interface PreparedReload {
  readonly next: ServerConfiguration;
  readonly changes: readonly OptionChange[];
  readonly warnings: readonly ConfigProblem[];
  readonly sameSecrets: ReadonlySet<string>;
  /** The workers need new TLS contexts. */
  readonly tlsChanged: boolean;
  /** To be committed or abandoned. */
  readonly parts: readonly PreparedPart[];
}

/** Throws {@link ReloadError}, with everything as it was. */
export async function prepareReload(
  source: ReloadSource,
  tools: PreparationTools,
): Promise<PreparedReload> {
  const { current } = tools;
  const input = await readInput(source);
  const { options } = input;
  const difference = compareOptions(current.options, options, tools.boundPort);
  if (!difference.ok) throw new ReloadError("unsupported", difference.refusals);
  const accounts = rebased(input, tools);
  const tls = loadTls(options, current.tls);
  const sameSecrets = await findSameSecrets(current.options, options, tools);
  const tlsChanged = tls !== current.tls;
  const changes = [...difference.changes];
  if (tlsChanged && !changes.some(({ field }) => field === "TLSConfig")) {
    changes.push({ field: "TLSConfig", text: "tls = enabled" });
  }
  const parts = await prepareParts(tools.parts, options, current.options);
  const { digest } = input;
  const next: ServerConfiguration = { options, accounts, tls, digest, loadedAt: new Date() };
  return { next, changes, warnings: input.warnings ?? [], sameSecrets, tlsChanged, parts };
}

async function readInput(source: ReloadSource): Promise<ReloadInput> {
  try {
    return await source();
  } catch (error) {
    const { message, problems } = error as Error & { readonly problems?: readonly ConfigProblem[] };
    throw new ReloadError("invalid", problems ?? [{ message }]);
  }
}

function rebased(
  { accounts }: ReloadInput,
  { retirement, current, accountsNow }: PreparationTools,
): AccountsSnapshot {
  if (accountsNow !== undefined) return accountsNow();
  const result = retirement.rebase(current.accounts, accounts);
  if (!result.ok) throw reloadError("invalid", result.error);
  return result.snapshot;
}

/** The material of now if the files say the same: contexts are large, and tickets stay good. */
function loadTls(
  { tls }: ServerOptions,
  current: TlsContextOptions | undefined,
): TlsContextOptions | undefined {
  if (tls === undefined) return undefined;
  try {
    const material = loadTlsMaterial(tls, "client", current?.handshakeRate);
    return isSameMaterial(material, current) ? current : material;
  } catch (error) {
    throw reloadError("invalid", (error as Error).message);
  }
}

function isSameMaterial(
  one: TlsContextOptions | undefined,
  other: TlsContextOptions | undefined,
): boolean {
  const text = (material: TlsContextOptions | undefined): string | undefined =>
    JSON.stringify(material, (name, value) =>
      name === "ticketKeys" || name === "region" ? undefined : value,
    );
  return text(one) === text(other);
}

async function findSameSecrets(
  before: ServerOptions,
  after: ServerOptions,
  { compareHash }: PreparationTools,
): Promise<ReadonlySet<string>> {
  const left: SecretChange[] = secretChanges(before.auth, after.auth).slice(0, COMPARED_MAX);
  const same = new Set<string>();
  const compareSome = async (): Promise<void> => {
    for (let change = left.pop(); change !== undefined; change = left.pop()) {
      if (await compareHash(change.stored, change.given)) same.add(change.name);
    }
  };
  await Promise.all(Array.from({ length: COMPARED_AT_ONCE }, compareSome));
  return same;
}

async function prepareParts(
  parts: readonly ReloadPart[],
  next: ServerOptions,
  previous: ServerOptions,
): Promise<readonly PreparedPart[]> {
  const prepared: PreparedPart[] = [];
  try {
    for (const part of parts) {
      const change = await part.prepare?.(next, previous);
      if (change !== undefined) prepared.push(change);
    }
  } catch (error) {
    await abandonAll(prepared);
    throw reloadError("failed", (error as Error).message);
  }
  return prepared;
}

/** Instead of a commit, the last one first; another reload begins with all as it was. Never rejects. */
export async function abandonAll(parts: readonly PreparedPart[]): Promise<void> {
  for (const part of parts.toReversed()) {
    try {
      await part.abandon?.();
    } catch {
      // Why the reload is refused is what is told; the other parts are still to be abandoned.
    }
  }
}
