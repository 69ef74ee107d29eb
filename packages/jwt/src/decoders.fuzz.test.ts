// Everything that a stranger's bytes reach first: tokens whose body is broken and whose signature is
// good, creds files, keys, seeds, signatures. Damaged by structure, not only by bytes. What must hold:
// a verdict, never an exception; soon; nothing left behind; no prototype changed. 1,000 inputs, 100,000
// under WEFT_DEEP=1.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { decodePublicKey, decodeSeed, decodeSignature } from "@weft/auth";
import { createPrng } from "@weft/base";
import { expect, test } from "vitest";
import { formatCreds, parseCreds, parseDecoratedSeed, parseDecoratedToken } from "./creds.ts";
import { decodeToken } from "./decode.ts";
import { claimsToJson, encodeClaims } from "./encode.ts";
import { RandomClaims } from "./testing/random-claims.ts";
import { rawToken, verifier } from "./testing/reading.ts";
import { testKey } from "./testing/test-keys.ts";
import { trustOperators } from "./trust/operators.ts";
import { trustAccount } from "./trust/trusted-account.ts";
import { validateClaims } from "./validate/validate.ts";

const NOW = 1_795_000_000;
const IS_DEEP = process.env["WEFT_DEEP"] === "1";
const INPUTS = IS_DEEP ? 100_000 : 1_000;
/** One input; of several tries the best, since the machine does other things as well. */
const INPUT_MS_MAX = 50;
const TRIES = 4;
const GROWTH_BYTES_MAX = 4 * 1024 * 1024;

const prng = createPrng(3_455);
const random = new RandomClaims(prng, 20, NOW);
const HEADER = { typ: "JWT", alg: "ed25519-nkey" };
const WORDS = ["{", "}", "[", "]", ",", ":", '"', "null", "-1", "1e400", '"\\ud800"', "\\u0000"];
const NAMES = ['"__proto__":{"polluted":1}', '"constructor":{}', '"toString":1', '"nats":{}'];
const PIECES = [
  ...WORDS,
  ...NAMES.map((name) => `,${name}`),
  "\u00ff",
  "\r\n",
  "-----",
  "=".repeat(9),
];

function pick<T>(list: readonly T[]): T {
  return list[prng.below(list.length)] as T;
}

/** Cut, doubled, swapped, or with something in it that means something to the reader. */
function damaged(text: string): string {
  const at = prng.below(text.length + 1);
  const to = Math.min(text.length, at + prng.below(1 + prng.below(80)));
  const [before, piece, after] = [text.slice(0, at), text.slice(at, to), text.slice(to)];
  switch (prng.below(5)) {
    case 0:
      return before + after;
    case 1:
      return before + piece.repeat(1 + prng.below(40)) + after;
    case 2:
      return before + pick(PIECES) + after;
    case 3:
      return after + piece + before;
    default:
      return before + pick(PIECES).repeat(1 + prng.below(300)) + after;
  }
}

const user = testKey("user", 1);
const goodUser = (() => {
  for (;;) {
    const { claims, signer } = random.any();
    if (claims.kind !== "user") continue;
    const made = encodeClaims({ ...claims, subject: user.publicKey }, testKey(signer, 1), NOW);
    if (made.ok) return made.token;
  }
})();
const goodCreds = formatCreds(goodUser, user.seed, verifier);
if (!goodCreds.ok) throw new Error(goodCreds.error);
const CREDS = goodCreds.value;

/** Bytes for a reader, and the reader. */
interface Input {
  readonly bytes: number;
  read(): unknown;
}

const operators = trustOperators([]);

/** What the server does with a token, as far as it gets. */
function readToken(token: string): void {
  const result = decodeToken(token, verifier);
  if (!result.ok) return;
  validateClaims(result.claims, NOW, verifier);
  if (result.claims.kind === "account") {
    trustAccount(result.claims.subject, result.claims, operators, NOW * 1_000, verifier);
  }
}

function tokenInput(): Input {
  const { claims, signer } = random.any();
  const key = testKey(signer, 1);
  const json = claimsToJson({ ...claims, issuer: key.publicKey, issuedAtSeconds: NOW });
  const header = prng.below(20) === 0 ? damaged(JSON.stringify(HEADER)) : HEADER;
  const token = rawToken(header, damaged(json), key);
  return { bytes: token.length, read: () => readToken(token) };
}

function textInput(): Input {
  const kind = prng.below(4);
  const text = damaged(kind === 0 ? CREDS : pick([user.publicKey, user.seed, goodUser, CREDS]));
  const readers = [
    parseCreds,
    parseDecoratedSeed,
    parseDecoratedToken,
    decodePublicKey,
    decodeSeed,
  ];
  const read = kind === 0 ? parseCreds : pick([...readers, decodeSignature]);
  return { bytes: text.length, read: () => read(text) };
}

function bestMs({ read }: Input): number {
  let best = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < TRIES && best > INPUT_MS_MAX; attempt += 1) {
    const startedAt = performance.now();
    read();
    best = Math.min(best, performance.now() - startedAt);
  }
  return best;
}

function heapBytes(): number {
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
  return process.memoryUsage().heapUsed;
}

function feed(count: number): void {
  for (let round = 0; round < count; round += 1) {
    const input = round % 2 === 0 ? tokenInput() : textInput();
    const ms = bestMs(input);
    if (ms > INPUT_MS_MAX) throw new Error(`input ${round}: ${ms} ms for ${input.bytes} bytes`);
  }
}

test(
  "attacks 21, 22, CVE-2020-26521, 2026-23: damaged tokens, creds files and keys",
  () => {
    feed(INPUTS / 2);
    const before = heapBytes();
    feed(INPUTS / 2);
    expect(heapBytes() - before).toBeLessThan(GROWTH_BYTES_MAX);
    expect("polluted" in {}).toBe(false);
  },
  IS_DEEP ? 1_800_000 : 60_000,
);
