// The keys of the service and the tokens that it makes with them. Must stay true: seeds are read once
// and never shown; a user is for the key that the server asked for, and for nothing else.

import { isPublicKey } from "@weft/auth";
import { CurveKey } from "@weft/callout";
import type { AuthorizationRequestClaims, Signer } from "@weft/jwt";
import {
  encodeClaims,
  newAuthorizationResponseClaims,
  newUserClaims,
  signerFromSeed,
} from "@weft/jwt";
import type { Grant } from "./backend.ts";
import { readSecret, type Settings, SettingsError } from "./settings.ts";

const NANOS_PER_MS = 1e6;
/** The server takes what is no longer than this. */
const ERROR_MAX = 200;

/** What signs the users of one account. */
interface AccountSigner {
  readonly signer: Signer;
  /** Set when the signer is a signing key of this account. */
  readonly issuerAccount: string;
}

export class Signing {
  readonly curve: CurveKey | undefined;
  readonly #own: AccountSigner;
  readonly #accounts = new Map<string, AccountSigner>();

  constructor({ sign }: Settings, folder: string) {
    const signerOf = (file: string): Signer => {
      const signer = signerFromSeed(readSecret(folder, file));
      if (signer === undefined || !isPublicKey(signer.publicKey, "account")) {
        throw new SettingsError(`${file}: holds no seed of an account (SA...)`);
      }
      return signer;
    };
    this.#own = { signer: signerOf(sign.seed_file), issuerAccount: sign.issuer_account ?? "" };
    for (const [name, { seed_file: file, key }] of Object.entries(sign.accounts)) {
      const signer = signerOf(file);
      const isOwnKey = key === undefined || key === signer.publicKey;
      this.#accounts.set(name, { signer, issuerAccount: isOwnKey ? "" : key });
    }
    if (sign.xkey_seed_file === undefined) return;
    this.curve = CurveKey.fromSeed(readSecret(folder, sign.xkey_seed_file));
    if (this.curve === undefined) {
      throw new SettingsError(`${sign.xkey_seed_file}: holds no seed of a curve key (SX...)`);
    }
  }

  /** Public key that servers know as `issuer`. */
  get issuer(): string {
    return this.#own.signer.publicKey;
  }

  /** Throws when the grant cannot be said in a token. */
  grant(request: AuthorizationRequestClaims, grant: Grant, nowMs: number): string {
    const { account, permissions, expiresAtMs } = grant;
    const { signer, issuerAccount } = this.#accounts.get(account) ?? this.#own;
    const isOperatorMode = this.#accounts.size > 0 || this.#own.issuerAccount !== "";
    if (isOperatorMode && this.#accounts.size > 0 && !this.#accounts.has(account)) {
      throw new Error(`no key signs users of account ${JSON.stringify(account)}`);
    }
    const empty = newUserClaims(request.nats.userNkey);
    const lists = (side: { allow?: readonly string[]; deny?: readonly string[] } | undefined) => ({
      allow: side?.allow,
      deny: side?.deny,
    });
    const { responses } = permissions ?? {};
    return this.#wrap(request, nowMs, {
      jwt: signed(
        {
          ...empty,
          name: grant.name ?? "",
          audience: isOperatorMode ? "" : account,
          // The whole second in which it ends belongs to the user.
          expiresAtSeconds: expiresAtMs === undefined ? 0 : Math.ceil(expiresAtMs / 1_000),
          tags: grant.tags ?? [],
          nats: {
            ...empty.nats,
            issuerAccount,
            publish: lists(permissions?.publish as Parameters<typeof lists>[0]),
            subscribe: lists(permissions?.subscribe as Parameters<typeof lists>[0]),
            responses: responses && {
              messagesMax: responses.messagesMax,
              expiresNanos: responses.expiresMs * NANOS_PER_MS,
            },
            subscriptionsMax: grant.subscriptionsMax ?? -1,
            payloadBytesMax: grant.payloadBytesMax ?? -1,
            sourceNetworks: grant.sourceNetworks,
          },
        },
        signer,
        nowMs,
      ),
    });
  }

  refuse(request: AuthorizationRequestClaims, reason: string, nowMs: number): string {
    return this.#wrap(request, nowMs, { error: reason.slice(0, ERROR_MAX) });
  }

  #wrap(
    request: AuthorizationRequestClaims,
    nowMs: number,
    said: { readonly jwt: string } | { readonly error: string },
  ): string {
    const empty = newAuthorizationResponseClaims(request.nats.userNkey);
    const { issuerAccount, signer } = this.#own;
    const nats = { ...empty.nats, issuerAccount, ...said };
    return signed({ ...empty, audience: request.nats.server.id, nats }, signer, nowMs);
  }
}

function signed(claims: Parameters<typeof encodeClaims>[0], signer: Signer, nowMs: number): string {
  const result = encodeClaims(claims, signer, Math.floor(nowMs / 1_000));
  if (!result.ok) throw new Error(result.error.message);
  return result.token;
}
