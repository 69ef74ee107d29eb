// Static authentication (AN-01 to AN-21): from the fields of CONNECT to an identity, or to work
// that has to be done elsewhere first. Owned by a worker; one per set of users, no state per login
// but the pending itself. What must stay true: a refusal costs and says the same whoever asks, and
// reasons never contain what was sent.
import { connectionTypeAllowed } from "./connection-type.ts";
import { type Credential, CredentialTable } from "./credential-table.ts";
import type {
  CertificateMapper,
  DenyReason,
  Identity,
  LoginAnswer,
  LoginFacts,
  LoginOutcome,
  LoginRequest,
  Pending,
} from "./identity.ts";
import { Mechanisms } from "./mechanisms.ts";
import { decodeSignature, SignatureVerifier } from "./nkeys/signature.ts";
import { dummyBcrypt, normaliseBcrypt, secretsEqual } from "./password.ts";
import type { AuthSpec, CalloutSpec } from "./spec.ts";

function denied(reason: DenyReason): LoginOutcome {
  return { kind: "denied", reason };
}

function granted(identity: Identity): LoginOutcome {
  return { kind: "granted", identity };
}

/**
 * AN-12, CVE-2023-47090. Anonymous clients go to `$G` although there are users, if and only if the
 * system account is the only one configured and nothing was said about authorization.
 */
export function hasImplicitAnonymous(spec: AuthSpec): boolean {
  if (
    spec.mixed !== undefined ||
    spec.noAuthUser ||
    spec.authorizationBlock ||
    spec.user ||
    spec.token
  )
    return false;
  const names = spec.accountNames ?? [];
  const system = spec.systemAccount ?? "$SYS";
  if (names.length !== 1 || names[0] !== system) return false;
  return spec.users.every((user) => user.account === system);
}

/** Decides logins against the users, the token or the single user of a configuration. */
export class StaticAuthenticator {
  /** True if a CONNECT has to be accepted before anything else is. */
  readonly authRequired: boolean;
  /** CP-05. `auth_required` of INFO: false if anonymous clients have a user of their own. */
  readonly infoAuthRequired: boolean;
  /** CP-04. INFO must carry a nonce. */
  readonly nonceRequired: boolean;
  /** AN-07. `Plaintext passwords detected, use nkeys or bcrypt` has to be logged. */
  readonly plaintextPasswords: boolean;
  /** For `reauthorize` of this package. */
  readonly table: CredentialTable;
  readonly #verifier = new SignatureVerifier();
  readonly noAuthUser: string;
  /** AN-60. The configuration's; `CalloutGate` follows it. */
  readonly callout: CalloutSpec | undefined;
  /** GP-1. Undefined = all accounts take the same kind of login. */
  readonly mechanisms: Mechanisms | undefined;
  readonly #implicitAnonymous: boolean;
  readonly tlsMap: boolean;
  readonly certificates: CertificateMapper | undefined;

  constructor(spec: AuthSpec, certificates?: CertificateMapper) {
    this.table = new CredentialTable(spec);
    this.noAuthUser = spec.noAuthUser ?? "";
    this.#implicitAnonymous = hasImplicitAnonymous(spec);
    this.tlsMap = spec.tlsMap;
    this.certificates = certificates;
    this.callout = spec.callout;
    this.mechanisms = spec.mixed && new Mechanisms(spec.mixed);
    const { users, nkeys, single, token } = this.table;
    this.authRequired =
      users.size + nkeys.size > 0 ||
      single !== undefined ||
      token !== undefined ||
      spec.callout !== undefined ||
      this.#implicitAnonymous;
    this.infoAuthRequired = this.authRequired && this.noAuthUser === "";
    this.nonceRequired = nkeys.size > 0;
    this.plaintextPasswords = this.table.plaintextPasswords;
  }

  /** First half of a login; order of checks as in AN-18. */
  begin(request: LoginRequest, facts: LoginFacts): LoginOutcome {
    if (request.account || request.newAccount) return denied("account in connect");
    if (!this.authRequired) return granted(this.table.anonymous);
    return (
      this.#beginNkey(request, facts) ??
      this.#beginUser(request, facts) ??
      this.#beginToken(request, facts) ??
      this.#beginSingle(request, facts) ??
      this.#refuse(isAnonymous(request) ? "credentials missing" : "user unknown", request)
    );
  }

  /** Second half: `answer` is what `pending` was waiting for. */
  finish(pending: Pending, answer: LoginAnswer): LoginOutcome {
    if (pending.kind !== "hash" || answer.kind !== "hash") return denied("answer unexpected");
    if (answer.matches && pending.candidate !== undefined) return granted(pending.candidate);
    if (pending.candidate === undefined) return denied(pending.reason ?? "user unknown");
    return denied(pending.candidate.kind === "token" ? "token wrong" : "password wrong");
  }

  #beginNkey(request: LoginRequest, facts: LoginFacts): LoginOutcome | undefined {
    const { nkeys } = this.table;
    if (nkeys.size === 0) return undefined;
    let wanted = request.nkey ?? "";
    if (isAnonymous(request) && wanted === "" && nkeys.has(this.noAuthUser)) {
      wanted = this.noAuthUser;
    }
    if (wanted === "") return undefined;
    const found = nkeys.get(wanted);
    if (found === undefined) return denied("nkey unknown");
    if (!connectionTypeAllowed(found.allowedConnectionTypes, facts.connectionType)) {
      return denied("connection type not allowed");
    }
    if (needsProxy(found.identity, facts)) return denied("proxy connection required");
    if (wanted === this.noAuthUser) return granted({ ...found.identity, kind: "no-auth-user" });
    if (!request.sig) return denied("signature missing");
    const signature = decodeSignature(request.sig);
    if (signature === undefined) return denied("signature malformed");
    const verdict = this.#verifier.verify(wanted, facts.nonce, signature);
    return verdict === "valid" ? granted(found.identity) : denied("signature not verified");
  }

  #beginUser(request: LoginRequest, facts: LoginFacts): LoginOutcome | undefined {
    const anonymous = isAnonymous(request);
    if (this.#implicitAnonymous && anonymous) return granted(this.table.anonymous);
    const { users } = this.table;
    if (users.size === 0) return undefined;
    if (this.tlsMap) return this.#beginCertificate(request, facts);
    if (anonymous) {
      const open = users.get(this.noAuthUser);
      if (this.noAuthUser === "" || open === undefined) return undefined;
      if (!connectionTypeAllowed(open.allowedConnectionTypes, facts.connectionType)) {
        return denied("connection type not allowed");
      }
      if (needsProxy(open.identity, facts)) return denied("proxy connection required");
      return granted({ ...open.identity, kind: "no-auth-user" });
    }
    if (!request.user) return undefined;
    const found = users.get(request.user);
    if (found === undefined) return this.#refuse("user unknown", request);
    if (!connectionTypeAllowed(found.allowedConnectionTypes, facts.connectionType)) {
      return this.#refuse("connection type not allowed", request);
    }
    if (found.certificateOnly) return this.#refuse("certificate required", request);
    return this.#compare(found, request, facts, "password wrong");
  }

  /** AN-30, AN-33. The certificate names the user; a password of that user has to fit as well. */
  #beginCertificate(request: LoginRequest, facts: LoginFacts): LoginOutcome {
    if (facts.tls?.peerCertificate === undefined) return denied("certificate required");
    const name = this.certificates?.mapCertificate(facts.tls, facts.connectionType);
    const found = name === undefined ? undefined : this.table.users.get(name);
    if (found === undefined) return denied("certificate not mapped");
    if (!connectionTypeAllowed(found.allowedConnectionTypes, facts.connectionType)) {
      return denied("connection type not allowed");
    }
    const identity: Identity = { ...found.identity, kind: "certificate" };
    return this.#compare({ ...found, identity }, request, facts, "password wrong");
  }

  #beginToken(request: LoginRequest, facts: LoginFacts): LoginOutcome | undefined {
    const { token } = this.table;
    return token && this.#compare(token, request, facts, "token wrong");
  }

  #beginSingle(request: LoginRequest, facts: LoginFacts): LoginOutcome | undefined {
    const { single } = this.table;
    if (single === undefined) return undefined;
    // The name is compared like a secret: it is the only user there is.
    const isUser = secretsEqual(single.identity.user, request.user ?? "");
    if (!isUser) return this.#refuse("user unknown", request);
    return this.#compare(single, request, facts, "password wrong");
  }

  #compare(
    credential: Credential,
    request: LoginRequest,
    facts: LoginFacts,
    reason: DenyReason,
  ): LoginOutcome {
    if (needsProxy(credential.identity, facts)) {
      return this.#refuse("proxy connection required", request);
    }
    const shown = reason === "token wrong" ? request.authToken : request.pass;
    const given = shown ?? "";
    if (credential.bcrypt) {
      const stored = normaliseBcrypt(credential.secret);
      const wait: Pending = { kind: "hash", stored, given, candidate: credential.identity };
      return { kind: "pending", wait };
    }
    const isEqual = secretsEqual(credential.secret, given);
    return isEqual ? granted(credential.identity) : this.#refuse(reason, request);
  }

  /**
   * Attack 29: where one user has a hash, every refusal costs one: that of an unknown user, and that
   * of one with a plain password, who could be told from an unknown one otherwise.
   */
  #refuse(reason: DenyReason, request: LoginRequest): LoginOutcome {
    const example = this.table.bcryptExample;
    const given = request.pass ?? request.authToken ?? "";
    if (example === undefined || isAnonymous(request)) {
      secretsEqual(reason, given);
      return denied(reason);
    }
    const stored = dummyBcrypt(example);
    return { kind: "pending", wait: { kind: "hash", stored, given, candidate: undefined, reason } };
  }
}

/** AN-82. */
function needsProxy({ proxyRequired }: Identity, { proxy }: LoginFacts): boolean {
  return proxyRequired === true && proxy === undefined;
}

/** Nothing that a user table could look at was sent. */
function isAnonymous(request: LoginRequest): boolean {
  return !request.user && !request.pass && !request.authToken;
}
