// Tokens of an identity provider: signed by its keys, for this audience, not expired. Must stay true:
// which algorithms count is said here and not by the token; keys are fetched a bounded number of times,
// however many tokens name keys that nobody knows; the last good keys serve while the provider is away.
import { resolve } from "node:path";
import {
  createRemoteJWKSet,
  customFetch,
  errors,
  type JWTPayload,
  type JWTVerifyGetKey,
  jwtVerify,
} from "jose";
import {
  type Backend,
  BackendProblem,
  type Decision,
  type Login,
  PASS,
  refuse,
} from "../backend.ts";
import { applyRules, claimAt, textsOf } from "../rules.ts";
import type { OidcSettings } from "../settings.ts";
import { boundedGet, type FetchSettings } from "./bounded-fetch.ts";

const TOKEN_CHARACTERS_MAX = 16 * 1024;
const FETCH_TIMEOUT_MS = 1_000;

export class OidcBackend implements Backend {
  readonly name = "oidc";
  readonly #settings: OidcSettings;
  readonly #fetch: FetchSettings;
  #keys: Promise<JWTVerifyGetKey> | undefined;
  #askAgainAtMs = 0;

  constructor(settings: OidcSettings, folder: string) {
    this.#settings = settings;
    const { ca_file: caFile, insecure_http: insecureHttp } = settings;
    this.#fetch = {
      timeoutMs: FETCH_TIMEOUT_MS,
      caFile: caFile === undefined ? undefined : resolve(folder, caFile),
      insecureHttp,
    };
  }

  async decide(login: Login): Promise<Decision> {
    const { token_in: places, rules, name_claim, groups_claim } = this.#settings;
    const token = places.map((place) => login[place]).find(looksLikeToken);
    if (token === undefined) return PASS;
    let payload: JWTPayload;
    try {
      payload = await this.#verify(token);
    } catch (error) {
      // Which claim it was: issuer and audience are what is mistaken most in a configuration.
      const claim = error instanceof errors.JWTClaimValidationFailed ? ` (${error.claim})` : "";
      if (error instanceof errors.JOSEError) return refuse(`token refused: ${error.code}${claim}`);
      throw error;
    }
    const name = claimAt(payload, name_claim);
    if (typeof name !== "string") return refuse(`the token has no claim ${name_claim}`);
    const groups = textsOf(claimAt(payload, groups_claim));
    const expiresAtMs = (payload.exp ?? 0) * 1_000;
    return applyRules(rules, { name, groups, claims: payload, expiresAtMs }, Date.now());
  }

  async check(): Promise<void> {
    await this.#keySet();
  }

  async #verify(token: string): Promise<JWTPayload> {
    const { issuer, audience, algorithms, clock_tolerance: toleranceMs } = this.#settings;
    const { payload } = await jwtVerify(token, await this.#keySet(), {
      issuer,
      audience,
      algorithms,
      clockTolerance: toleranceMs / 1_000,
      requiredClaims: ["exp", "iss", "aud"],
    });
    return payload;
  }

  /** Found once; a provider that could not be asked is asked again, but not by every login. */
  #keySet(): Promise<JWTVerifyGetKey> {
    const nowMs = Date.now();
    if (this.#keys !== undefined) return this.#keys;
    if (nowMs < this.#askAgainAtMs)
      return Promise.reject(new BackendProblem("the provider is away"));
    this.#askAgainAtMs = nowMs + 1_000;
    const found = this.#discover();
    this.#keys = found;
    found.catch(() => {
      this.#keys = undefined;
    });
    return found;
  }

  async #discover(): Promise<JWTVerifyGetKey> {
    const { jwks_uri: given, keys_cached, keys_asked_every } = this.#settings;
    const uri = given ?? (await this.#discoverUri());
    return createRemoteJWKSet(new URL(uri), {
      cacheMaxAge: keys_cached,
      cooldownDuration: keys_asked_every,
      timeoutDuration: FETCH_TIMEOUT_MS,
      [customFetch]: async (url) => new Response(await boundedGet(url, this.#fetch)),
    });
  }

  async #discoverUri(): Promise<string> {
    const { issuer } = this.#settings;
    const url = `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
    const found: unknown = JSON.parse(await boundedGet(url, this.#fetch));
    const { issuer: said, jwks_uri: uri } = found as Readonly<Record<string, unknown>>;
    if (said !== issuer) throw new BackendProblem("the provider calls itself by another name");
    if (typeof uri !== "string") throw new BackendProblem("the provider names no keys");
    return uri;
  }
}

function looksLikeToken(text: string): boolean {
  return text.length <= TOKEN_CHARACTERS_MAX && /^eyJ[\w-]*\.[\w-]+\.[\w-]+$/.test(text);
}
