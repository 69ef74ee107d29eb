// What publisher and service imports have between them. Owned by the worker's core.
import type { PublishContext } from "./context.ts";
import type { MessageView } from "./message-view.ts";
import type { Plan } from "./plan.ts";

/** Nesting of publishes through service imports and mappings; deeper ones are dropped. */
export const PUBLISH_DEPTH_MAX = 16;

/** Requests that cross accounts; see service-imports.ts. */
export interface ServiceStep {
  /** Sends the message through every import of the plan; returns how many were delivered. */
  request(plan: Plan, message: MessageView, context: PublishContext, depth: number): number;
  /**
   * A message on `_R_.<thread>.<token>`; true if it was the reply to a request of some thread.
   * `responder`: who answers, as the thread that has it says of a measured request.
   */
  reply(message: MessageView, context: PublishContext, responder?: Buffer): boolean;
  /** The thread that such a message is for, if the lane to it is full; else -1. */
  replyParksOn(message: MessageView): number;
}
