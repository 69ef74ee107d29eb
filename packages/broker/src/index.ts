export { BrokerCore } from "./core.ts";
// For what takes part without sockets: stream threads.
export {
  decodeControlFrame,
  FLAG_PLAIN,
  FrameHead,
  readFrameHead,
  readItem,
} from "./deliver/bus-frame.ts";
export { stallLowBytes } from "./deliver/outbox.ts";
// For connections that are no clients': routes, leafnodes, gateways.
export {
  type ConnectionKind,
  type MessageEncoder,
  ORIGIN_CLIENT,
  ORIGIN_ROUTE,
} from "./deliver/receiver.ts";
export { RemoteLanes } from "./deliver/remote-lanes.ts";
export {
  type InternalDependencies,
  type InternalMessage,
  InternalParticipant,
  type InternalRequest,
} from "./internal/internal-participant.ts";
export type { OpenPeer, PeerHost, PeerSession } from "./peer/peer-session.ts";
export type * from "./ports.ts";
export { MessageView } from "./publish/message-view.ts";
export type { Target } from "./publish/plan.ts";
// For a benchmark.
export { ResponseShares } from "./session/response-shares.ts";
export { serverFacts } from "./session/system-events.ts";
export { OwnTrace } from "./session/trace-lines.ts";
export { readLastSubscriptions } from "./subscribe/last-subscriptions.ts";
export type {
  SubscriptionAnswer,
  SubscriptionEntry,
  SubscriptionPlace,
  SubscriptionQuery,
} from "./subscribe/subscription-list.ts";
