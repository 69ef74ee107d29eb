// The entry of the package: everything that other packages may use.

export { accountConnectionsEvent } from "./account-connections.ts";
export {
  type AnswerError,
  envelopeAround,
  errorEnvelope,
  type Packing,
  type PublicPermissions,
  packingFor,
  userInfo,
} from "./answer.ts";
export { type AccountHappening, accountClaimsEvent } from "./claims-event.ts";
export {
  connectEvent,
  disconnectEvent,
  type EventClient,
  type EventStamp,
  type EventTls,
  type EventTraffic,
} from "./connection-events.ts";
export { type Decision, decide, type RequestOrigin, type ServiceRequest } from "./decide.ts";
export type { EndpointName } from "./endpoints.ts";
export { type ReloadFacts, reloadEvent } from "./reload-event.ts";
export type { RequestOptions } from "./request-options.ts";
export { type MessageStamp, type ServerFacts, serverId, serverInfo } from "./server-info.ts";
export { EVENT_SUBJECTS, type Service, servedSubjects } from "./services.ts";
export { snappyChunks, snappyStream } from "./snappy.ts";
export { type ServerFigures, StatszSchedule, statszDocument } from "./statsz.ts";
export { eventId } from "./typed-event.ts";
export { wireTime } from "./wire-time.ts";
