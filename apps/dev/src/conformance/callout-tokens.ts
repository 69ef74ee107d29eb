// Tokens of a callout service, made and read by hand: what is proven with them is proven against the
// format. Only the signature is made by the product, which is a hundred times as fast as the library.
// Test thread.
import { createAccount } from "@nats-io/nkeys";
import { signerFromSeed } from "@weft/jwt";

const HEADER = encode({ typ: "JWT", alg: "ed25519-nkey" });

/** A key pair of the library is one. */
export interface TokenSigner {
  getPublicKey(): string;
  sign(bytes: Uint8Array): Uint8Array;
}

/** A new account key of the library. */
export function newIssuer(): TokenSigner {
  const pair = createAccount();
  const signer = signerFromSeed(new TextDecoder().decode(pair.getSeed()));
  if (signer === undefined) throw new Error("a seed of the library is none");
  return { getPublicKey: () => pair.getPublicKey(), sign: (bytes) => signer.sign(bytes) };
}

export type Fields = Readonly<Record<string, unknown>>;

/** What a server asks. */
export interface CalloutClaims {
  readonly aud: string;
  readonly sub: string;
  readonly iss: string;
  readonly exp: number;
  readonly nats: {
    readonly type: string;
    readonly version: number;
    readonly user_nkey: string;
    readonly server_id: Readonly<Record<string, string>>;
    readonly client_info: Readonly<Record<string, unknown>>;
    readonly connect_opts: Readonly<Record<string, unknown>>;
    readonly client_tls?: {
      readonly version: string;
      readonly cipher: string;
      readonly verified_chains?: readonly (readonly string[])[];
    };
  };
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

/** Signs claims; `iss` is the signer's. */
export function signToken(claims: Fields, signer: TokenSigner): string {
  const iss = signer.getPublicKey();
  const body = encode({ jti: "X", iat: Math.floor(Date.now() / 1_000), iss, ...claims });
  const signed = `${HEADER}.${body}`;
  const signature = Buffer.from(signer.sign(Buffer.from(signed))).toString("base64url");
  return `${signed}.${signature}`;
}

export function readToken(token: string): CalloutClaims {
  return JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8"));
}

/** Claims of a user without limits; `nats` adds to or replaces what it may do. */
export function userClaims(sub: string, aud: string, claims: Fields = {}): Fields {
  const { nats, ...rest } = claims as { readonly nats?: Fields };
  const limits = { subs: -1, data: -1, payload: -1 };
  return {
    sub,
    aud,
    ...rest,
    nats: { pub: {}, sub: {}, ...limits, type: "user", version: 2, ...nats },
  };
}

/** Claims of an answer; `nats`: `{ jwt }` or `{ error }`. */
export function responseClaims(
  sub: string,
  aud: string,
  nats: Fields,
  claims: Fields = {},
): Fields {
  return { sub, aud, ...claims, nats: { ...nats, type: "authorization_response", version: 2 } };
}
