// What a resolver wants done. The driver carries effects out in their order and tells the outcome of
// those with a ticket. Control thread; pure. Must stay true: file effects are carried out one after
// the other, each whole or not at all in the order of its steps.
import type { LogLevel } from "@weft/base";
import type { ClaimReplyBody } from "./claim-replies.ts";
import type { FileStep } from "./file-steps.ts";
import type { MeshMessage, RecordReference } from "./mesh-messages.ts";

export type ResolverEffect =
  /** Then `ClaimStore.filesDone(ticket, error)`. */
  | { readonly kind: "files"; readonly ticket: number; readonly steps: readonly FileStep[] }
  /** Read the account's file anew, then `ClaimStore.reread(key, text)`. */
  | { readonly kind: "reread"; readonly key: string }
  /** JSON, made by `encodeClaimReply`. */
  | { readonly kind: "reply"; readonly subject: string; readonly body: ClaimReplyBody }
  /** The raw JWT; nothing if its file is gone. */
  | { readonly kind: "reply-claim"; readonly subject: string; readonly key: string }
  /** An empty message. */
  | { readonly kind: "reply-empty"; readonly subject: string }
  /** A message "key|jwt" for each key, then an empty one (AC-89). */
  | { readonly kind: "reply-pack"; readonly subject: string; readonly keys: readonly string[] }
  /** `to` undefined = every other node. */
  | { readonly kind: "send"; readonly to: string | undefined; readonly message: MeshMessage }
  /** Read the texts, make messages of them with `recordMessages`, send them. */
  | {
      readonly kind: "send-records";
      readonly to: string;
      readonly references: readonly RecordReference[];
    }
  /** Read the JWT (nothing if it is gone) and answer a lookup of a peer. */
  | {
      readonly kind: "send-answer";
      readonly to: string;
      readonly ticket: number;
      readonly key: string;
    }
  /** The account has another JWT from now on, and it is on disk. */
  | { readonly kind: "changed"; readonly key: string; readonly text: string }
  /** The account is not to be served any more (AC-91). */
  | { readonly kind: "deleted"; readonly key: string }
  | { readonly kind: "log"; readonly level: LogLevel; readonly text: string };
