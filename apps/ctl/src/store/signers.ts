// Who signs: the key that -K names, or one whose seed is in the key store.
import { decodePublicKey, decodeSeed, isPublicKey, type KeyKind } from "@weft/auth";
import {
  type AccountClaims,
  type OperatorClaims,
  parseDecoratedSeed,
  type Signer,
  signerFromSeed,
  type UserScope,
} from "@weft/jwt";
import { Failure } from "../command-line/failure.ts";
import { readSecret } from "./files.ts";
import { checkSeed, newKey, type SeedAndKey } from "./new-key.ts";
import type { Workplace } from "./workplace.ts";

/** Keys that may sign accounts of an operator, the identity key first. */
export function operatorSigningKeys(operator: OperatorClaims): readonly string[] {
  const { strictSigningKeyUsage, signingKeys } = operator.nats;
  return strictSigningKeyUsage ? signingKeys : [operator.subject, ...signingKeys];
}

/** Keys that may sign users of an account; those without a scope first. */
export function accountSigningKeys(
  account: AccountClaims,
  operator: OperatorClaims,
): readonly string[] {
  const keys = [...account.nats.signingKeys];
  const plain = keys.filter(([, scope]) => scope === undefined).map(([key]) => key);
  const scoped = keys.filter(([, scope]) => scope !== undefined).map(([key]) => key);
  const identity = operator.nats.strictSigningKeyUsage ? [] : [account.subject];
  return [...identity, ...plain, ...scoped];
}

/** The scope of a signing key; undefined = none. */
export function scopeOf(account: AccountClaims, key: string): UserScope | undefined {
  return account.nats.signingKeys.get(key);
}

/** The signing key of a role; undefined if the account has no such role. */
export function keyOfRole(account: AccountClaims, role: string): string | undefined {
  for (const [key, scope] of account.nats.signingKeys) if (scope?.role === role) return key;
  return undefined;
}

/**
 * A seed that a user named: by file, by public key in the key store, or as it is. The last is warned
 * of: command lines are seen by others.
 */
export function namedSeed(place: Workplace, text: string): string {
  if (decodePublicKey(text).ok) {
    const seed = place.keys.seedOf(text);
    if (seed === undefined) throw new Failure(`the seed of ${text} is not in ${place.keys.folder}`);
    return seed;
  }
  if (decodeSeed(text).ok) {
    place.host.warn("warning: a seed on the command line can be seen by others; name a file");
    return text;
  }
  const content = readSecret(text, (line) => place.host.warn(line));
  if (content === undefined) {
    // What looks like a seed with a slip in it is not shown.
    const shown = /^S[A-Z2-7]{8,}$/i.test(text) ? "what is given" : JSON.stringify(text);
    throw new Failure(`${shown} is no role, no public key and no file with a seed`);
  }
  const seed = parseDecoratedSeed(content);
  if (!seed.ok) throw new Failure(`${text}: ${seed.error}`);
  return seed.value;
}

function signerOfSeed(seed: string): Signer {
  const signer = signerFromSeed(seed);
  if (signer === undefined) throw new Failure("a curve key cannot sign");
  return signer;
}

/** The signer that -K names; undefined = -K was not given. */
function namedSigner(place: Workplace, account: AccountClaims | undefined): Signer | undefined {
  const text = place.words.text("private-key");
  if (text === undefined) return undefined;
  const role = account === undefined ? undefined : keyOfRole(account, text);
  return signerOfSeed(namedSeed(place, role ?? text));
}

function firstStored(place: Workplace, keys: readonly string[]): Signer | undefined {
  for (const key of keys) {
    const signer = place.keys.signerOf(key);
    if (signer !== undefined) return signer;
  }
  return undefined;
}

function missing(place: Workplace, what: string, keys: readonly string[]): Failure {
  if (keys.length === 0)
    return new Failure(`${what}: signing keys are demanded, and there are none`);
  return new Failure(
    `${what}: no seed of these keys is in ${place.keys.folder}: ${keys.join(", ")}; name one with -K`,
  );
}

/** Signs the operator itself: its identity key. */
export function operatorSigner(place: Workplace): Signer {
  const operator = place.store.operator();
  const signer = namedSigner(place, undefined) ?? place.keys.signerOf(operator.subject);
  if (signer === undefined) throw missing(place, "operator", [operator.subject]);
  if (signer.publicKey !== operator.subject) {
    throw new Failure(`an operator is signed by its identity key ${operator.subject}`);
  }
  return signer;
}

/** Signs an account: a key of the operator; in managed stores also the account's own. */
export function accountSigner(place: Workplace, accountKey: string, former?: string): Signer {
  const operator = place.store.operator();
  const own = place.store.isManaged ? [accountKey] : [];
  const keys = [...operatorSigningKeys(operator), ...own];
  const named = namedSigner(place, undefined);
  if (named !== undefined) {
    if (keys.includes(named.publicKey)) return named;
    throw new Failure(`${named.publicKey} may not sign accounts of operator "${place.store.name}"`);
  }
  const first = former !== undefined && keys.includes(former) ? [former] : [];
  const signer = firstStored(place, [...first, ...keys]);
  if (signer === undefined) throw missing(place, "account", keys);
  return signer;
}

/** Signs users and activations: a key of the account. `former` = who signed them before. */
export function userSigner(place: Workplace, account: AccountClaims, former?: string): Signer {
  const keys = accountSigningKeys(account, place.store.operator());
  const named = namedSigner(place, account);
  if (named !== undefined) {
    if (keys.includes(named.publicKey)) return named;
    throw new Failure(`${named.publicKey} may not sign users of account "${account.name}"`);
  }
  if (former !== undefined && keys.includes(former)) {
    const signer = place.keys.signerOf(former);
    if (signer !== undefined) return signer;
  }
  const signer = firstStored(
    place,
    keys.filter((key) => scopeOf(account, key) === undefined),
  );
  if (signer !== undefined) return signer;
  const scoped = keys.filter((key) => scopeOf(account, key) !== undefined && place.keys.has(key));
  const only = scoped[0];
  if (only === undefined) throw missing(place, `account "${account.name}"`, keys);
  if (scoped.length > 1) throw new Failure("several scoped signing keys: choose a role with -K");
  return firstStored(place, [only]) as Signer;
}

/** The key of a new entity: generated, or as an option names it. `seed` undefined = not known. */
export function keyOfEntity(
  place: Workplace,
  kind: KeyKind,
  option: string,
): { readonly publicKey: string; readonly seed: string | undefined } {
  const text = place.words.text(option);
  if (text === undefined) return newKey(kind);
  if (isPublicKey(text, kind)) return { publicKey: text, seed: place.keys.seedOf(text) };
  if (decodePublicKey(text).ok) throw new Failure(`--${option}: a key of kind ${kind} is wanted`);
  return checkSeed(namedSeed(place, text), kind, `--${option}`);
}

/** A key that an option names, or a new one for the word `generate`; its seed is kept with the claims. */
export function resolveKey(place: Workplace, kind: KeyKind, option: string, text: string): string {
  if (text === "generate") {
    const key: SeedAndKey = newKey(kind);
    place.keepLater(key, `generated ${kind} key ${key.publicKey}`);
    return key.publicKey;
  }
  if (isPublicKey(text, kind)) return text;
  if (decodePublicKey(text).ok) throw new Failure(`--${option}: a key of kind ${kind} is wanted`);
  const key = checkSeed(namedSeed(place, text), kind, `--${option}`);
  place.keepLater(key);
  return key.publicKey;
}
