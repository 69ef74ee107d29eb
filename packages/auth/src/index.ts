// The entry of the package: everything that other packages may use.
export { afterCallout, CalloutGate, CalloutUsers, rawUserOf } from "./callout.ts";
export { CALLOUT_SUBJECT, withoutCalloutSubject } from "./callout-subject.ts";
export { type CertificateNames, certificateNames } from "./certificate-names.ts";
export { connectionTypeAllowed, parseConnectionType } from "./connection-type.ts";
export { GLOBAL_ACCOUNT } from "./credential-table.ts";
export { nameKey, parseDistinguishedName, unorderedNameKey } from "./distinguished-name.ts";
export * from "./identity.ts";
export { hasImplicitAnonymous, StaticAuthenticator } from "./login.ts";
export { Mechanisms } from "./mechanisms.ts";
export { MixedLogins } from "./mixed-logins.ts";
export { encodeBase32 } from "./nkeys/base32.ts";
export {
  type DecodedKey,
  decodePublicKey,
  decodeSeed,
  encodePublic,
  encodeSeed,
  isPublicKey,
  type KeyError,
  type KeyKind,
} from "./nkeys/key.ts";
export {
  checkSignaturesBy,
  decodeSignature,
  type Ed25519Check,
  type SignatureVerdict,
  SignatureVerifier,
} from "./nkeys/signature.ts";
export { dummyBcrypt, isBcrypt, normaliseBcrypt, secretsEqual } from "./password.ts";
export { peerCertificateLabels } from "./peer-certificate.ts";
export {
  CompiledPermissions,
  compilePermissions,
  permissionsKey,
  RESPONSE_DEFAULTS,
  type SubscribeVerdict,
  validatePermissions,
} from "./permissions.ts";
export type {
  AuthenticatedUser,
  AuthenticationAnswer,
  AuthenticationRequest,
  PluginVerdict,
} from "./plugin.ts";
export { readAnswer, withoutSecrets } from "./plugin.ts";
export { PluginGate } from "./plugin-gate.ts";
export { type ProxyVerdict, requireProxy, TrustedProxies } from "./proxies.ts";
export { type FormerLogin, type ReauthorizeOutcome, reauthorize } from "./reauthorize.ts";
export {
  type ResponseRoom,
  ResponseTracker,
  type ResponseTrackerOptions,
} from "./response-tracker.ts";
export { type SecretChange, secretChanges } from "./secret-changes.ts";
export type * from "./spec.ts";
export type * from "./token-logins.ts";
export { validateAuth } from "./validate-auth.ts";
