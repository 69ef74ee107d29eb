// The entry of the package: everything that other packages may use.
export { accountDocument } from "./account-document.ts";
export { CalloutOverlaps } from "./callout-overlaps.ts";
export { JwtLogins } from "./jwt-logins.ts";
export {
  type LoadedAccount,
  OperatorAccounts,
  type OperatorAccountsOptions,
  type OperatorChange,
} from "./operator-accounts.ts";
export type { OperatorRules } from "./operator-rules.ts";
export { TokenReader } from "./token-reader.ts";
