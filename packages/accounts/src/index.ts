// The entry of the package: everything that other packages may use.
export type { AccountDocument, BrokenImport } from "./account-document.ts";
export {
  type CompileOptions,
  type CompileResult,
  compileAccounts,
  GLOBAL_ACCOUNT_INDEX,
  SYSTEM_ACCOUNT_INDEX,
} from "./compile.ts";
export { exporterFilter } from "./exporter-filter.ts";
export { inFairShares, type SharedBudget } from "./fair-shares.ts";
export { LiveAccounts, type LiveAccountsOptions, type LiveChange } from "./live-accounts.ts";
export { narrowest } from "./narrowest.ts";
export { type RebaseResult, rebaseAccounts } from "./rebase.ts";
export {
  AccountRouting,
  CompiledAccount,
  type MappingChoice,
  type ServiceTarget,
  type StreamTargetGroup,
} from "./routing.ts";
export { isServiceReply, ServiceReplyTable } from "./service-reply.ts";
export type * from "./snapshot.ts";
export type * from "./spec.ts";
export { SYSTEM_EXPORT_SPECS, systemImportSpecs } from "./system-imports.ts";
