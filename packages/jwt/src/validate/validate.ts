// What is to be said against claims of any kind, finding by finding as the reference says it (AN-41,
// AC-55). Any thread; pure but for the verifier that is handed in.
import { isPublicKey, type SignatureVerifier } from "@weft/auth";
import type {
  AccountBody,
  AccountClaims,
  AccountLimitsClaim,
  AuthorizationRequestClaims,
  AuthorizationResponseClaims,
  Claims,
  ExternalAuthorization,
  JetStreamLimits,
  MessageTraceClaim,
  OperatorClaims,
  WeightedMapping,
} from "../claims/claims.ts";
import { type Finding, Findings, quote } from "./findings.ts";
import { checkSubject, hasWildcards } from "./subject-text.ts";
import { accountServerUrlProblem, operatorServiceUrlProblem } from "./urls.ts";
import { checkExports, checkImports, checkInfo } from "./validate-imports.ts";
import {
  checkActivation,
  checkAmounts,
  checkPermissions,
  checkTemplateSizes,
  checkTimes,
  checkUser,
} from "./validate-user.ts";
import { parseServerVersion } from "./version.ts";

/** Findings about claims at a time; the order is that of the reference, where it has one. */
export function validateClaims(
  claims: Claims,
  nowSeconds: number,
  verifier: SignatureVerifier,
): readonly Finding[] {
  const findings = new Findings();
  switch (claims.kind) {
    case "operator":
      checkOperator(claims, nowSeconds, findings);
      break;
    case "account":
      checkAccount(claims, nowSeconds, verifier, findings);
      break;
    case "user":
      checkUser(claims, nowSeconds, findings);
      break;
    case "activation":
      checkActivation(claims, nowSeconds, findings);
      break;
    case "authorization_request":
      checkRequest(claims, nowSeconds, findings);
      break;
    case "authorization_response":
      checkResponse(claims, nowSeconds, findings);
      break;
    case "generic":
      checkTimes(claims, nowSeconds, findings);
  }
  return findings.list;
}

function checkOperator(claims: OperatorClaims, nowSeconds: number, findings: Findings): void {
  checkTimes(claims, nowSeconds, findings);
  const { nats } = claims;
  const serverUrl = accountServerUrlProblem(nats.accountServerUrl);
  if (serverUrl !== undefined) findings.error(serverUrl);
  for (const url of nats.operatorServiceUrls) {
    const problem = operatorServiceUrlProblem(url);
    if (problem !== undefined) findings.error(problem);
  }
  for (const key of nats.signingKeys) {
    if (!isPublicKey(key, "operator")) findings.error(`${key} is not an operator public key`);
  }
  if (nats.systemAccount !== "" && !isPublicKey(nats.systemAccount, "account")) {
    findings.error(`${nats.systemAccount} is not an account public key`);
  }
  const version = parseServerVersion(nats.assertServerVersion);
  if (!version.ok) findings.error(`assert server version error: ${version.error}`);
}

function checkAccount(
  claims: AccountClaims,
  nowSeconds: number,
  verifier: SignatureVerifier,
  findings: Findings,
): void {
  const { nats } = claims;
  checkTimes(claims, nowSeconds, findings);
  checkImports(nats.imports, claims.subject, verifier, findings);
  checkExports(nats.exports, findings);
  checkTiers(nats.limits, findings);
  checkAmounts(nats.defaultPermissions, "default permissions: ", findings);
  checkPermissions(nats.defaultPermissions, findings);
  for (const [source, destinations] of nats.mappings) {
    checkMapping(source, destinations, findings);
  }
  checkExternalAuthorization(nats.authorization, findings);
  if (nats.trace !== undefined) checkTrace(nats.trace, findings);
  checkAccountLimits(nats, findings);
  for (const [key, scope] of nats.signingKeys) {
    if (scope !== undefined) {
      checkAmounts(scope.template, `template of ${key}: `, findings);
      checkTemplateSizes(scope.template, `template of ${key}: `, findings);
    }
    if (isPublicKey(key, "account")) continue;
    const isPlain = scope === undefined;
    findings.error(
      isPlain
        ? `${quote(key)} is not a valid account signing key`
        : `${key} is not an account public key`,
    );
  }
  checkInfo(nats.description, nats.infoUrl, findings);
  const traffic = nats.clusterTraffic;
  if (traffic !== "" && traffic !== "system" && traffic !== "owner") {
    findings.error(`unknown cluster traffic option: ${quote(traffic)}`);
  }
  if (isPublicKey(claims.issuer, "account") && !isWithoutLimits(nats.limits)) {
    findings.warning("self-signed account JWTs shouldn't contain operator limits");
  }
}

function hasJetStreamLimits(limits: JetStreamLimits): boolean {
  return (
    limits.memoryStorageBytesMax !== 0 ||
    limits.diskStorageBytesMax !== 0 ||
    limits.streamsMax !== 0 ||
    limits.consumersMax !== 0 ||
    limits.ackPendingMax !== 0 ||
    limits.memoryStreamBytesMax !== 0 ||
    limits.diskStreamBytesMax !== 0 ||
    limits.maxBytesRequired
  );
}

/** Nothing said at all, which in a token of an operator means nothing allowed. */
function isWithoutLimits(limits: AccountLimitsClaim): boolean {
  const numbers = [
    limits.subscriptionsMax,
    limits.dataBytesMax,
    limits.payloadBytesMax,
    limits.importsMax,
    limits.exportsMax,
    limits.connectionsMax,
    limits.leafnodesMax,
  ];
  return (
    numbers.every((number) => number === 0) &&
    !limits.wildcardExports &&
    !limits.disallowBearer &&
    !hasJetStreamLimits(limits) &&
    limits.tiers.size === 0
  );
}

function checkTiers(limits: AccountLimitsClaim, findings: Findings): void {
  if (limits.tiers.size === 0) return;
  if (hasJetStreamLimits(limits)) {
    findings.error("JetStream Limits and tiered JetStream Limits are mutually exclusive");
  }
  if (limits.tiers.has("")) {
    findings.error('Tiered JetStream Limits can not contain a blank "" tier name');
  }
}

/** Percent of a destination; 0 stands for all. */
function weightOf(mapping: WeightedMapping): number {
  return mapping.weight === 0 ? 100 : mapping.weight;
}

function checkMapping(
  source: string,
  destinations: readonly WeightedMapping[],
  findings: Findings,
): void {
  checkSubject(source, findings);
  const perCluster = new Map<string, number>();
  for (const destination of destinations) {
    checkSubject(destination.subject, findings);
    const weight = weightOf(destination);
    if (weight > 100) {
      findings.error(`Mapping ${quote(source)} has a weight ${weight} that exceeds 100`);
    }
    const { cluster } = destination;
    const total = (perCluster.get(cluster) ?? 0) + weight;
    perCluster.set(cluster, total);
    if (cluster !== "" && total > 100) {
      const where = `${quote(source)} in cluster ${quote(cluster)}`;
      findings.error(`Mapping ${where} exceeds 100% among all of it's weighted to mappings`);
    }
  }
  if ((perCluster.get("") ?? 0) > 100) {
    const shown = quote(source);
    findings.error(`Mapping ${shown} exceeds 100% among all of it's weighted to mappings`);
  }
}

const ANY_ACCOUNT = "*";

function checkExternalAuthorization(claim: ExternalAuthorization, findings: Findings): void {
  const { authUsers, allowedAccounts, xkey } = claim;
  if (allowedAccounts.length > 0 && authUsers.length === 0) {
    findings.error("External authorization cannot have accounts without users specified");
  }
  for (const user of authUsers) {
    if (!isPublicKey(user, "user")) {
      findings.error(`AuthUser ${quote(user)} is not a valid user public key`);
    }
  }
  for (const account of allowedAccounts) {
    if (account === ANY_ACCOUNT) {
      if (allowedAccounts.length === 1) continue;
      findings.error(`AllowedAccounts can only be a list of accounts or ${quote(ANY_ACCOUNT)}`);
    } else if (!isPublicKey(account, "account")) {
      findings.error(`Account ${quote(account)} is not a valid account public key`);
    }
  }
  if (xkey !== "" && !isPublicKey(xkey, "curve")) {
    findings.error(`XKey ${quote(xkey)} is not a valid public xkey`);
  }
}

function checkTrace(trace: MessageTraceClaim, findings: Findings): void {
  const { destination, sampling } = trace;
  const own = new Findings();
  checkSubject(destination, own);
  const first = own.list[0];
  if (first !== undefined) findings.error(`the account Trace.Destination ${first.text}`);
  if (hasWildcards(destination)) {
    const shown = quote(destination);
    findings.error(`the account Trace.Destination subject ${shown} is not a valid publish subject`);
  }
  if (sampling < 0 || sampling > 100) {
    findings.error(
      `the account Trace.Sampling value '${sampling}' is not valid, ` +
        "should be in the range [1..100]",
    );
  }
}

function checkAccountLimits(nats: AccountBody, findings: Findings): void {
  const { limits, imports, exports } = nats;
  const tooManyImports = "the account contains more imports than allowed by the operator";
  const areOver = imports.length > limits.importsMax;
  // The reference says it twice.
  if (!isWithoutLimits(limits) && limits.importsMax >= 0 && areOver) findings.error(tooManyImports);
  if (limits.importsMax !== -1 && areOver) findings.error(tooManyImports);
  if (limits.exportsMax === -1) return;
  if (exports.length > limits.exportsMax) {
    findings.error("the account contains more exports than allowed by the operator");
  }
  if (limits.wildcardExports) return;
  for (const { subject } of exports) {
    if (hasWildcards(subject)) {
      findings.error("the account contains wildcard exports that are not allowed by the operator");
    }
  }
}

function checkRequest(
  claims: AuthorizationRequestClaims,
  nowSeconds: number,
  findings: Findings,
): void {
  const { userNkey } = claims.nats;
  if (userNkey === "") findings.error("User nkey is required");
  else if (!isPublicKey(userNkey, "user")) {
    findings.error(`User nkey ${quote(userNkey)} is not a valid user public key`);
  }
  checkTimes(claims, nowSeconds, findings);
}

function checkResponse(
  claims: AuthorizationResponseClaims,
  nowSeconds: number,
  findings: Findings,
): void {
  const { jwt, error, issuerAccount } = claims.nats;
  if (!isPublicKey(claims.subject, "user")) findings.error("Subject must be a user public key");
  if (!isPublicKey(claims.audience, "server")) {
    findings.error("Audience must be a server public key");
  }
  if (error === "" && jwt === "") findings.error("Error or Jwt is required");
  if (error !== "" && jwt !== "") findings.error("Only Error or Jwt can be set");
  if (issuerAccount !== "" && !isPublicKey(issuerAccount, "account")) {
    findings.error("issuer_account is not an account public key");
  }
  checkTimes(claims, nowSeconds, findings);
}
