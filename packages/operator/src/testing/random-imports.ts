// Test support: random accounts with exports, imports and activation tokens, and signatures that cost
// nothing: what is signed is not what is tried here. Never used outside of tests.
import { createHash } from "node:crypto";
import { encodePublic, type SignatureVerdict, SignatureVerifier } from "@weft/auth";
import type { Prng } from "@weft/base";
import {
  type AccountClaims,
  type Claims,
  type ExportClaim,
  encodeClaims,
  type ImportClaim,
  newAccountClaims,
  newActivationClaims,
  type Signer,
} from "@weft/jwt";

function plainSignature(key: string, bytes: Uint8Array): Buffer {
  return createHash("sha512").update(key).update(bytes).digest();
}

/** "Signs" by a hash over the public key: whoever knows it could. */
export function plainSigner(kind: "operator" | "account", number: number): Signer {
  const raw = createHash("sha256").update(`${kind} ${number}`).digest();
  const publicKey = encodePublic(kind, raw);
  return { publicKey, sign: (bytes) => plainSignature(publicKey, bytes) };
}

export class PlainVerifier extends SignatureVerifier {
  override verify(key: string, message: Uint8Array, signature: Uint8Array): SignatureVerdict {
    return plainSignature(key, message).equals(signature) ? "valid" : "invalid";
  }

  isSignedBy(token: string, key: string): boolean {
    const [header = "", body = "", signature = ""] = token.split(".");
    const signed = Buffer.from(`${header}.${body}`);
    return this.verify(key, signed, Buffer.from(signature, "base64url")) === "valid";
  }
}

export const OPERATOR = plainSigner("operator", 0);
const ACCOUNTS = Array.from({ length: 50 }, (_, at) => plainSigner("account", at));
/** One signing key for each account, and at the end a stranger's. */
const KEYS = Array.from({ length: 51 }, (_, at) => plainSigner("account", at + 100));

export const TOKENS = ["a", "b", "c"] as const;
const WILD = [...TOKENS, "a", "b", "*"] as const;
const KINDS = ["stream", "service"] as const;

export function signed(claims: Claims, signer: Signer, atSeconds: number): string {
  const made = encodeClaims(claims, signer, atSeconds);
  if (!made.ok) throw new Error(made.error.message);
  return made.token;
}

type Kind = (typeof KINDS)[number];

/** Makes the accounts of one graph, and makes each of them anew as often as it is asked for. */
export class ImportMaker {
  readonly keys: readonly string[];
  readonly #prng: Prng;
  readonly #now: number;
  /** What each account offered when it was made last. */
  readonly #offers = new Map<string, readonly ExportClaim[]>();
  #issued: number;

  constructor(prng: Prng, nowSeconds: number, count: number) {
    this.#prng = prng;
    this.#now = nowSeconds;
    this.#issued = nowSeconds - 10_000;
    this.keys = ACCOUNTS.slice(0, count).map(({ publicKey }) => publicKey);
  }

  #one<T>(values: readonly T[]): T {
    return values[this.#prng.below(values.length)] as T;
  }

  #chance(percent: number): boolean {
    return this.#prng.below(100) < percent;
  }

  #filter(): string {
    const tokens: string[] = Array.from({ length: 1 + this.#prng.below(3) }, () => this.#one(WILD));
    if (this.#chance(20)) tokens[tokens.length - 1] = ">";
    return tokens.join(".");
  }

  #export(): ExportClaim {
    const type = this.#one(KINDS);
    const subject = this.#filter();
    const star = subject.split(".").indexOf("*") + 1;
    const revocations = new Map<string, number>();
    for (const key of [...this.keys.slice(0, 3), "*"]) {
      if (this.#chance(8)) revocations.set(key, this.#now - this.#prng.below(6));
    }
    return {
      name: "",
      subject,
      type,
      tokenRequired: this.#chance(35),
      revocations,
      responseType: "",
      responseThresholdNanos: 0,
      latency: undefined,
      accountTokenPosition: star > 0 && this.#chance(15) ? star : 0,
      advertise: false,
      allowTrace: false,
      description: "",
      infoUrl: "",
    };
  }

  /** A subject that `filter` takes in, or now and then another one. */
  #narrowed(filter: string, importer: string, position: number): string {
    if (this.#chance(10)) return this.#filter();
    const tokens = filter.split(".").map((token, at) => {
      // Of two accounts only, so that all subjects can still be tried.
      const isNamed = at + 1 === position && this.keys.indexOf(importer) < 2;
      if (isNamed && this.#chance(80)) return importer;
      if (token === "*" && this.#chance(50)) return this.#one(TOKENS);
      if (token === ">" && this.#chance(50)) return this.#one(WILD);
      return token;
    });
    return tokens.join(".");
  }

  /** Mostly as it has to be. */
  #activation(exporter: number, importer: string, subject: string, kind: Kind): string {
    const [account, key] = [ACCOUNTS[exporter] as Signer, KEYS[exporter] as Signer];
    const isByKey = this.#chance(40);
    const signer = this.#chance(3) ? (KEYS[50] as Signer) : isByKey ? key : account;
    const fresh = newActivationClaims(this.#chance(2) ? this.#one(this.keys) : importer);
    const nats = {
      importSubject: this.#chance(3) ? this.#filter() : subject,
      importType: this.#chance(2) ? this.#one(KINDS) : kind,
      issuerAccount: signer !== account && this.#chance(97) ? account.publicKey : "",
    };
    const expiresAtSeconds = this.#chance(12) ? this.#now + this.#one([-5, 0, 1, 60]) : 0;
    const notBeforeSeconds = this.#chance(5) ? this.#now + this.#one([-1, 0, 5]) : 0;
    const claims = { ...fresh, expiresAtSeconds, notBeforeSeconds, nats };
    return signed(claims, signer, this.#now - this.#prng.below(8));
  }

  #import(importer: string): ImportClaim {
    const exporter = this.#prng.below(this.keys.length);
    const account = this.keys[exporter] as string;
    const offers = this.#offers.get(account) ?? [];
    const offer = offers.length === 0 ? undefined : this.#one(offers);
    const type = offer === undefined || offer.type === "" ? this.#one(KINDS) : offer.type;
    const position = offer?.accountTokenPosition ?? 0;
    const subject = this.#narrowed(offer?.subject ?? this.#filter(), importer, position);
    const wantsToken = (offer?.tokenRequired ?? false) ? 85 : 10;
    return {
      name: "",
      subject,
      account,
      token: this.#chance(wantsToken) ? this.#activation(exporter, importer, subject, type) : "",
      to: "",
      localSubject: this.#chance(30) ? this.#renaming(subject) : "",
      type,
      share: false,
      allowTrace: false,
    };
  }

  /** As many tokens, each wildcard in its place. */
  #renaming(subject: string): string {
    let star = 0;
    const tokens = subject.split(".").map((token) => {
      if (token === ">") return token;
      if (token !== "*") return this.#one(TOKENS);
      star += 1;
      return `$${star}`;
    });
    return tokens.join(".");
  }

  /** A new token of the account. */
  token(key: string): string {
    const claims: AccountClaims = newAccountClaims(key);
    const exports = Array.from({ length: this.#prng.below(4) }, () => this.#export());
    this.#offers.set(key, exports);
    const imports = new Map<string, ImportClaim>();
    for (let count = this.#prng.below(5); count > 0; count -= 1) {
      const claim = this.#import(key);
      // One of each: what becomes of it is told by kind and subject.
      imports.set(`${claim.type} ${claim.subject}`, claim);
    }
    const signer = KEYS[this.keys.indexOf(key)] as Signer;
    const signingKeys = new Map(this.#chance(90) ? [[signer.publicKey, undefined]] : []);
    const nats = { ...claims.nats, exports, imports: [...imports.values()], signingKeys };
    this.#issued += 1;
    return signed({ ...claims, nats }, OPERATOR, this.#issued);
  }
}
