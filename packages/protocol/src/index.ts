export * from "./client/parser.ts";
export * from "./client/writer.ts";
export type * from "./client-ops.ts";
export * from "./closed-reason.ts";
export {
  CONNECT_DEFAULTS,
  type ConnectFailure,
  type ConnectOptions,
  type ConnectPermission,
  type ConnectResult,
  parseConnect,
  redactConnect,
} from "./connect.ts";
export * from "./error-lines.ts";
export { quoteBytes } from "./go-quote.ts";
export { hashSubject } from "./hash.ts";
export * from "./headers.ts";
export { type ClientInfo, encodeInfo, InfoTemplate, type ServerInfo } from "./info.ts";
export { canonicalKey, readMimeHeaders } from "./mime-headers.ts";
export * from "./trace-headers.ts";
