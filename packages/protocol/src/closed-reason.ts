// Why a connection ended, as shown by connz and in disconnect events (CP-111). Thread: any.

/** CP-111: all reasons, with the reference's exact texts. */
export const CLOSED_REASONS = [
  "Client Closed",
  "Authentication Timeout",
  "Authentication Failure",
  "TLS Handshake Failure",
  "Slow Consumer (Pending Bytes)",
  "Slow Consumer (Write Deadline)",
  "Write Error",
  "Read Error",
  "Parse Error",
  "Stale Connection",
  "Protocol Violation",
  "Bad Client Protocol Version",
  "Incorrect Port",
  "Maximum Account Connections Exceeded",
  "Maximum Connections Exceeded",
  "Maximum Message Payload Exceeded",
  "Maximum Control Line Exceeded",
  "Maximum Subscriptions Exceeded",
  "Duplicate Route",
  "Route Removed",
  "Server Shutdown",
  "Authentication Expired",
  "Wrong Gateway",
  "Missing Account",
  "Credentials Revoked",
  "Internal Client",
  "Message Header Violation",
  "No Responders Requires Headers",
  "Cluster Name Conflict",
  "Duplicate Remote LeafNode Connection",
  "Duplicate Client ID",
  "Duplicate Server Name",
  "Minimum Version Required",
  "Cluster Names Identical",
  "Kicked",
  "Proxy Not Trusted",
  "Proxy Required",
  "Unknown State",
] as const;

/** One of {@link CLOSED_REASONS}. */
export type ClosedReason = (typeof CLOSED_REASONS)[number];

/** What a transport says of its end, as a reason. */
export const TRANSPORT_REASONS = {
  peer: "Client Closed",
  local: "Client Closed",
  error: "Read Error",
  tls: "TLS Handshake Failure",
  refused: "Maximum Connections Exceeded",
} as const satisfies Readonly<Record<string, ClosedReason>>;
