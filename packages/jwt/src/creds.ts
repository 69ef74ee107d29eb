// Credential files and decorated tokens and seeds, as nsc writes them. Any thread; pure. What must
// stay true: no error shows a part of the file, which holds a secret.
//
//   creds = block(token) ... block(seed)        whatever stands between them counts for nothing
//   block = rule line rule                      rule: a line from `---` to `---`
import { decodeSeed, type SignatureVerifier } from "@weft/auth";
import { decodeToken, decodeTokenOf } from "./decode.ts";
import { signerFromSeed } from "./signer.ts";

/** A token may have 1 MiB. */
const FILE_CHARACTERS_MAX = 2 * 1024 * 1024;
const CONTENT = /^[\w\-.=]+$/;

export interface Creds {
  readonly token: string;
  /** A secret. */
  readonly seed: string;
}

export type CredsResult<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: string };

function failed(error: string): { readonly ok: false; readonly error: string } {
  return { ok: false, error };
}

function linesOf(text: string): string[] {
  return text.split("\n").map((line) => (line.endsWith("\r") ? line.slice(0, -1) : line));
}

function isRule(line: string): boolean {
  const trimmed = line.trim();
  return trimmed.length > 6 && trimmed.startsWith("---") && trimmed.endsWith("---");
}

/** The contents of the first two blocks. */
function blocksOf(text: string): string[] {
  const lines = linesOf(text);
  const blocks: string[] = [];
  for (let at = 1; at + 1 < lines.length && blocks.length < 2; at += 1) {
    const content = lines[at] as string;
    if (!CONTENT.test(content) || isRule(content)) continue;
    if (!isRule(lines[at - 1] as string) || !isRule(lines[at + 1] as string)) continue;
    blocks.push(content);
    at += 2;
  }
  return blocks;
}

/** The token of a decorated text, or the text itself without blanks around it. */
export function parseDecoratedToken(text: string): CredsResult<string> {
  if (text.length > FILE_CHARACTERS_MAX) return failed("the file is too large");
  const token = blocksOf(text)[0] ?? text.trim();
  return token === "" ? failed("no token found") : { ok: true, value: token };
}

/**
 * The seed of a decorated text: the content of the second block, or of the only one, or the first
 * line that is a seed of any kind.
 */
export function parseDecoratedSeed(text: string): CredsResult<string> {
  if (text.length > FILE_CHARACTERS_MAX) return failed("the file is too large");
  const [first, second] = blocksOf(text);
  const candidates = [second, first, ...linesOf(text).map((line) => line.trim())];
  for (const candidate of candidates) {
    if (candidate !== undefined && decodeSeed(candidate).ok) return { ok: true, value: candidate };
    if (candidate !== undefined && candidate === second) return failed("the seed is not valid");
  }
  return failed("no nkey seed found");
}

/** Both parts of a creds file; their contents are not checked against each other. */
export function parseCreds(text: string): CredsResult<Creds> {
  if (text.length > FILE_CHARACTERS_MAX) return failed("the file is too large");
  const [token, seed] = blocksOf(text);
  if (token === undefined || seed === undefined) return failed("not a credentials file");
  if (!decodeSeed(seed).ok) return failed("the seed is not valid");
  return { ok: true, value: { token, seed } };
}

/** A token in a frame that names its kind. */
export function decorateToken(token: string, verifier: SignatureVerifier): CredsResult<string> {
  const decoded = decodeToken(token, verifier);
  if (!decoded.ok) return failed(decoded.error.message);
  return { ok: true, value: frame(decoded.claims.kind, token) };
}

function frame(kind: string, token: string): string {
  const name = kind.toUpperCase();
  return `-----BEGIN NATS ${name} JWT-----\n${token}\n------END NATS ${name} JWT------\n\n`;
}

const SEED_KINDS: Readonly<Record<string, string>> = {
  operator: "OPERATOR",
  account: "ACCOUNT",
  user: "USER",
};

/** A seed of an operator, account or user in a frame with its warning. */
export function decorateSeed(seed: string): CredsResult<string> {
  const decoded = decodeSeed(seed.trim());
  const name = decoded.ok ? SEED_KINDS[decoded.kind] : undefined;
  if (name === undefined) return failed("seed is not an operator, account or user seed");
  const value = `************************* IMPORTANT *************************
NKEY Seed printed below can be used to sign and prove identity.
NKEYs are sensitive and should be treated as secrets.

-----BEGIN ${name} NKEY SEED-----
${seed.trim()}
------END ${name} NKEY SEED------

*************************************************************
`;
  return { ok: true, value };
}

/** The creds file of a user; the seed must be that of the token's subject. */
export function formatCreds(
  token: string,
  seed: string,
  verifier: SignatureVerifier,
): CredsResult<string> {
  const decoded = decodeTokenOf("user", token, verifier);
  if (!decoded.ok) return failed(decoded.error.message);
  const signer = signerFromSeed(seed.trim());
  if (signer === undefined || !signer.publicKey.startsWith("U")) {
    return failed("nkey seed is not an user seed");
  }
  if (signer.publicKey !== decoded.claims.subject) {
    return failed("nkey seed does not match the jwt subject");
  }
  const decorated = decorateSeed(seed);
  if (!decorated.ok) return decorated;
  return { ok: true, value: `${frame("user", token)}${decorated.value}` };
}
