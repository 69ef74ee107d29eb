// Everything that is to be said against the store of an operator: token by token as the reference
// says it, and what only shows when they are seen together.
import {
  type AccountClaims,
  accountSpecs,
  type Finding,
  type FindingLevel,
  isRevoked,
  type OperatorClaims,
  parseCreds,
  type TrustedAccount,
  trustAccount,
  trustOperators,
  trustProblems,
  type UserClaims,
  validateClaims,
} from "@weft/jwt";
import { Failure } from "../command-line/failure.ts";
import { formatTime } from "../command-line/values.ts";
import { readSecret } from "../store/files.ts";
import { publicKeyOf } from "../store/new-key.ts";
import { scopeOf } from "../store/signers.ts";
import type { Workplace } from "../store/workplace.ts";

/** A finding and what it is about, such as `account "A"`. */
export interface PlacedFinding extends Finding {
  readonly place: string;
}

export class StoreInspection {
  readonly findings: PlacedFinding[] = [];
  readonly #place: Workplace;
  #operator: OperatorClaims | undefined;

  constructor(place: Workplace) {
    this.#place = place;
  }

  /** `accountNames` = those to look at. */
  inspect(accountNames: readonly string[]): readonly PlacedFinding[] {
    const { store } = this.#place;
    const here = `operator "${store.name}"`;
    this.#guarded(here, () => {
      this.#operator = store.operator();
      this.#inspectOperator(here, this.#operator);
    });
    const trusted = accountNames.map((name) => this.#inspectAccount(name));
    this.#inspectImports(trusted.filter((account) => account !== undefined));
    return this.findings;
  }

  #add(place: string, level: FindingLevel, text: string): void {
    this.findings.push({ place, level, text });
  }

  #addAll(place: string, findings: readonly Finding[]): void {
    for (const finding of findings) this.findings.push({ ...finding, place });
  }

  /** What cannot be read is a finding too. */
  #guarded(place: string, inspect: () => void): void {
    try {
      inspect();
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      this.#add(place, "error", error.message);
    }
  }

  #inspectOperator(here: string, operator: OperatorClaims): void {
    const { nowSeconds, verifier, store } = this.#place;
    this.#addAll(here, validateClaims(operator, nowSeconds, verifier));
    const { signingKeys, systemAccount } = operator.nats;
    if (operator.issuer !== operator.subject && !signingKeys.includes(operator.issuer)) {
      this.#add(here, "error", "is not issued by one of its own keys");
    }
    for (const text of trustProblems(trustOperators([operator]))) this.#add(here, "error", text);
    if (systemAccount === "") {
      this.#add(
        here,
        "warning",
        "no system account: push, pull and monitoring by message need one",
      );
    } else if (!this.#place.accountNamesByKey().has(systemAccount) && !store.isManaged) {
      this.#add(here, "warning", `the system account ${systemAccount} is not in the store`);
    }
  }

  #inspectAccount(name: string): TrustedAccount | undefined {
    const here = `account "${name}"`;
    let trusted: TrustedAccount | undefined;
    this.#guarded(here, () => {
      const { store, nowSeconds, verifier, host } = this.#place;
      const account = store.account(name);
      this.#addAll(here, validateClaims(account, nowSeconds, verifier));
      if (account.name !== name)
        this.#add(here, "error", `is called "${account.name}" in its token`);
      trusted = this.#trust(here, account, host.nowMs());
      if (this.#operator?.nats.systemAccount === account.subject && hasJetStream(account)) {
        this.#add(here, "error", "JetStream should not be enabled for the system account");
      }
      for (const user of store.userNames(name)) this.#inspectUser(name, account, user);
    });
    return trusted;
  }

  #trust(here: string, account: AccountClaims, nowMs: number): TrustedAccount | undefined {
    const operator = this.#operator;
    if (operator === undefined) return undefined;
    const { verifier, store } = this.#place;
    const operators = trustOperators([operator]);
    const isOwn = account.issuer === account.subject;
    if (store.isManaged && isOwn) {
      this.#add(
        here,
        "warning",
        "is signed by itself: no server trusts it before its operator signs",
      );
    } else if (!operators.keys.has(account.issuer)) {
      const isIdentity = account.issuer === operator.subject;
      const why = isIdentity ? ": the operator demands signing keys" : "";
      this.#add(here, "error", `is not issued by a key of the operator that may sign${why}`);
    }
    const verdict = trustAccount(account.subject, account, operators, nowMs, verifier);
    return verdict.ok ? verdict.account : undefined;
  }

  #inspectUser(accountName: string, account: AccountClaims, name: string): void {
    const here = `user "${name}" of account "${accountName}"`;
    this.#guarded(here, () => {
      const { store, nowSeconds, verifier } = this.#place;
      const user = store.user(accountName, name);
      this.#addAll(here, validateClaims(user, nowSeconds, verifier));
      if (user.name !== name) this.#add(here, "error", `is called "${user.name}" in its token`);
      this.#inspectIssuer(here, account, user);
      if (isRevoked(account.nats.revocations, user.subject, user.issuedAtSeconds)) {
        this.#add(here, "warning", "is revoked by the account");
      }
      if (account.nats.limits.disallowBearer && user.nats.bearerToken) {
        this.#add(here, "error", "has a bearer token, which the account disallows");
      }
      this.#inspectCreds(here, accountName, user, name);
    });
  }

  #inspectIssuer(here: string, account: AccountClaims, user: UserClaims): void {
    const { issuer, nats } = user;
    const isIdentity = issuer === account.subject;
    if (!isIdentity && !account.nats.signingKeys.has(issuer)) {
      this.#add(here, "error", "is not issued by a key of the account");
      return;
    }
    if (isIdentity && this.#operator?.nats.strictSigningKeyUsage === true) {
      this.#add(
        here,
        "error",
        "is issued by the account's own key: the operator demands signing keys",
      );
    }
    if (!isIdentity && nats.issuerAccount !== account.subject) {
      this.#add(here, "error", "does not name its account beside the signing key");
    }
    const isEmpty =
      nats.subscriptionsMax === 0 && nats.dataBytesMax === 0 && nats.payloadBytesMax === 0;
    if (scopeOf(account, issuer) !== undefined && !isEmpty) {
      this.#add(here, "error", "has rights of its own beside those of its role");
    }
  }

  /** The creds file in the key store, if there is one. */
  #inspectCreds(here: string, account: string, user: UserClaims, name: string): void {
    const { keys, store } = this.#place;
    const warn = (text: string): void => this.#add(here, "warning", text.replace("warning: ", ""));
    const text = readSecret(keys.credsPath(store.name, account, name), warn);
    if (text === undefined) return;
    const creds = parseCreds(text);
    if (!creds.ok) this.#add(here, "error", `creds file: ${creds.error}`);
    else if (publicKeyOf(creds.value.seed) !== user.subject) {
      this.#add(here, "error", "creds file: the seed is that of another user");
    } else if (creds.value.token !== store.userToken(account, name)) {
      const since = formatTime(user.issuedAtSeconds);
      this.#add(here, "warning", `creds file: the token is not the one of ${since}`);
    }
  }

  /** Imports between accounts of the store; what comes from elsewhere cannot be judged here. */
  #inspectImports(accounts: readonly TrustedAccount[]): void {
    const { host, verifier } = this.#place;
    const names = new Map(accounts.map(({ key, claims }) => [key, claims.name]));
    for (const it of accountSpecs(accounts, host.nowMs(), verifier).problems) {
      if (!names.has(it.exporter)) continue;
      const from = names.get(it.exporter);
      const here = `account "${names.get(it.account)}"`;
      this.#add(here, "error", `${it.kind} import "${it.subject}" of "${from}": ${it.problem}`);
    }
  }
}

function hasJetStream({ nats }: AccountClaims): boolean {
  const { memoryStorageBytesMax, diskStorageBytesMax, tiers } = nats.limits;
  return memoryStorageBytesMax !== 0 || diskStorageBytesMax !== 0 || tiers.size > 0;
}
