// The entry of the package: everything that other packages may use.
export {
  AccountLookup,
  type LookupEffect,
  type LookupFailure,
  type LookupOptions,
  type SourceAnswer,
} from "./account-lookup.ts";
export { claimHash } from "./claim-hash.ts";
export type * from "./claim-reader.ts";
export { type ClaimReplyBody, encodeClaimReply } from "./claim-replies.ts";
export type { ClaimRequest } from "./claim-requests.ts";
export type { ClaimStore } from "./claim-store.ts";
export {
  CLAIM_SUBSCRIPTIONS,
  type ClaimSubscription,
  type ResolverType,
} from "./claim-subjects.ts";
export {
  DirectoryNode,
  type DirectoryNodeOptions,
  type DirectoryNodePorts,
} from "./directory-node.ts";
export type { ResolverEffect } from "./effects.ts";
export {
  AWAKE_FILE,
  CLAIMS_FOLDER,
  type FileKind,
  FileLayout,
  type FileStep,
  fileKindOf,
  folderOf,
} from "./file-steps.ts";
export { decodeMeshMessage, encodeMeshMessage, MESH_SUBJECT, meshSubject } from "./mesh-codec.ts";
export {
  type MeshMessage,
  type MeshRecord,
  type RecordReference,
  recordMessages,
} from "./mesh-messages.ts";
export type { Now } from "./now.ts";
export { checkPreloads, type PreloadFinding } from "./preload.ts";
export { RESOLVER_LIMITS } from "./resolver-limits.ts";
export {
  type DirectoryResolverOptions,
  type ResolverChecked,
  type ResolverOptions,
  type ResolverSettings,
  resolverOfSettings,
  resolverOfText,
  resolverOfUrl,
  type UrlResolverOptions,
} from "./resolver-options.ts";
export type { ClaimStoreOptions } from "./store-parts.ts";
export { handleUpdate, type UpdateOutcome } from "./update-requests.ts";
