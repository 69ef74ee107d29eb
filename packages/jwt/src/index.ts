// The entry of the package: everything that other packages may use.
export type * from "./claims/claims.ts";
export * from "./claims/new-claims.ts";
export {
  type Creds,
  type CredsResult,
  decorateSeed,
  decorateToken,
  formatCreds,
  parseCreds,
  parseDecoratedSeed,
  parseDecoratedToken,
} from "./creds.ts";
export {
  type DecodeResult,
  decodeToken,
  decodeTokenOf,
  TOKEN_BYTES_MAX,
  type TokenError,
  withoutLineEnds,
} from "./decode.ts";
export { claimHash, claimsToJson, type EncodeResult, encodeClaims } from "./encode.ts";
export { JsonNumber, type JsonObject, type JsonValue, readJson } from "./json/json-reader.ts";
export { type Signer, signerFromSeed } from "./signer.ts";
export {
  type AccountSpecs,
  accountSpec,
  accountSpecs,
  type ImportProblem,
  type SingleAccountSpec,
} from "./trust/account-spec.ts";
export { type ActivationVerdict, activationHash, judgeActivation } from "./trust/activation.ts";
export { ExportIndexes } from "./trust/export-index.ts";
export {
  accountKeyOf,
  effectiveLimits,
  type JudgeFacts,
  type JwtIdentity,
  judgeUser,
  judgeUserAlone,
  judgeUserOf,
  type UserRefusal,
  type UserRefusalReason,
  type UserVerdict,
} from "./trust/judge-user.ts";
export { sourceAllowed } from "./trust/networks.ts";
export {
  operatorSystemAccount,
  type TrustedOperators,
  trustKeys,
  trustOperators,
  trustProblems,
  versionProblem,
} from "./trust/operators.ts";
export { permissionsSpec } from "./trust/permissions.ts";
export { EVERYBODY, isRevoked, revoke } from "./trust/revocations.ts";
export { type TimeVerdict, timesVerdict } from "./trust/time-windows.ts";
export {
  type AccountRefusal,
  type AccountVerdict,
  accountExpired,
  calloutMayPlaceInto,
  hasCallout,
  isAuthUser,
  type TrustedAccount,
  templateKey,
  trustAccount,
  trustAccountToken,
} from "./trust/trusted-account.ts";
export { type Finding, type FindingLevel, isBlocking } from "./validate/findings.ts";
export { validateClaims } from "./validate/validate.ts";
export { parseServerVersion, type ServerVersion } from "./validate/version.ts";
