// Numbers with a meaning to users, and sizes of buffers and caches, in one table: the bound, and what
// happens at it. All threads; constant. Numbers of one algorithm stand beside it.

/** Defaults and hard bounds. Units are in the names; bytes, milliseconds and counts. */
export const LIMITS = {
  /** CP-52. Longer control lines close the connection. */
  controlLineBytesMax: 4096,
  /** CP-16, CP-53. Larger payloads close the connection. */
  payloadBytesMax: 1024 * 1024,
  /** CP-103. A connection with more bytes waiting is closed as a slow consumer. */
  pendingBytesMax: 64 * 1024 * 1024,
  /** CP-15. Further connections are refused. */
  connectionsMax: 65_536,
  /** CP-104. A write that takes longer closes the connection. */
  writeDeadlineMs: 10_000,
  /** CP-100, CP-101. */
  pingIntervalMs: 120_000,
  pingsUnansweredMax: 2,
  /** CP-102. First short ping of a client. */
  firstPingDelayMs: 2_000,
  /** CP-31. */
  authTimeoutMs: 2_000,
  /** TL-06. */
  tlsTimeoutMs: 2_000,
  /** CP-108. */
  lameDuckDurationMs: 120_000,
  lameDuckGraceMs: 10_000,
  /** CP-110. The oldest entry makes room. */
  closedConnectionsKept: 10_000,
  /** Behind so much a connection waits for the next pass of the loop, so that others get their turn. */
  readBytesPerPass: 256 * 1024,
  /** One read while quiet connections are about, which would wait behind it ... */
  readBytesBesideQuiet: 32 * 1024,
  /** ... and how much of it is handled before others have their turn. */
  sliceBytesBesideQuiet: 2 * 1024,
  /** One read of a socket, and the most of one that a session is given at a time ... */
  readChunkBytes: 256 * 1024,
  /** ... and the largest, where reads are handled quickly. */
  readBytesMax: 1024 * 1024,
  /** Room kept in front of a chunk for what the last one left over. */
  readHeadroomBytes: 64 * 1024,
  /** One outbound slab. */
  slabBytes: 64 * 1024,
  /**
   * CP-105. A receiver with more than this waiting makes its publishers pause, until it is down to a
   * quarter; half of `max_pending` where that is less.
   */
  stallHighBytes: 4 * 1024 * 1024,
  /** The pause for 64 KiB that a publisher is ahead; also how often one is told to pause. */
  stallMs: 10,
  /** Plans kept by one worker; the oldest make room. */
  planCacheBytes: 32 * 1024 * 1024,
  /** Accounts that one process can hold; more are refused. */
  accountsMax: 65_536,
  /** Worker threads; with control they fit the 64 bits of "threads tried" in a frame. */
  workersMax: 63,
  /** Control lines that a configuration may allow: subjects travel between threads with 16-bit lengths. */
  controlLineBytesBound: 65_000,
  /** Subjects as mappings and imports make them: a longer one reaches nobody. */
  subjectBytesMax: 65_535,
  /** Tokens of one subject that a publish may have: a 4096-byte line cannot hold more. */
  subjectTokensMax: 2_049,
  /**
   * An account may hold so many times the interest records of a worker that are free then: 15 of 16
   * where it is alone, 15 of 31 beside another such. More subscriptions of it are refused there.
   */
  interestShareOfFree: 15,
  /**
   * Logins waiting for auth callout services; further ones are refused. The service of one account may
   * have as many waiting as there are places free: alone half of them.
   */
  calloutsUnderWayMax: 2_048,
  /** Logins waiting for an authentication module; further ones are refused. */
  moduleQuestionsUnderWayMax: 1_024,
  /** Logins waiting for a password hash; further ones are refused. */
  hashQueueMax: 1_024,
  /** How long a pipe in place of a file (`<(...)`) may have nothing to read. */
  pipeWaitMs: 3_000,
  /** One file of certificates or keys; more is refused. */
  certificateFileBytesMax: 16 * 1024 * 1024,
  /** Connections to the monitoring port; idle ones make room, then further ones are dropped. */
  monitorConnectionsMax: 256,
  /** Those of one address (of IPv6: of a network of 64 bits); further ones are dropped. */
  monitorConnectionsPerAddressMax: 128,
  /** Request line and headers of a request to it; more is answered 431. */
  monitorHeaderBytesMax: 16 * 1024,
  /** Until the headers are there; later the connection is closed. */
  monitorHeadersTimeoutMs: 5_000,
  /** What follows a refused request is dropped for so long, so that the answer can be read. */
  monitorLingerMs: 1_000,
  /** A connection without requests is closed after this. */
  monitorKeepAliveMs: 120_000,
  /** A reader that takes nothing for so long is cut ... */
  monitorStalledMs: 30_000,
  /** ... and one whose answer is not through by then. */
  monitorAnswerMs: 120_000,
  /** Pages made at the same time, for HTTP and the system account; further ones wait in turn. */
  monitorPagesAtOnce: 4,
  /**
   * HTTP requests that wait for their turn; further ones are answered 503. One address may have as many
   * waiting as there are places free: alone half of them.
   */
  monitorPagesWaitingMax: 512,
  /** Requests for pages to the system account that wait; further ones are refused with 503. */
  systemPagesWaitingMax: 32,
  /** The same for those that users of other accounts sent. */
  accountPagesWaitingMax: 16,
  /** One page; more is refused with 400, the reader may ask for less. */
  monitorPageBytesMax: 32 * 1024 * 1024,
  /** The same for the system account, refused with 500: an answer is copied in one go. */
  systemPageBytesMax: 16 * 1024 * 1024,
  /** A page up to this is a small one ... */
  monitorSmallPageBytes: 256 * 1024,
  /** ... and these have a budget of their own while they wait for slow readers. */
  monitorWaitingSmallBytesMax: 16 * 1024 * 1024,
  /**
   * The others. Half as much again may wait for room there. Who has stalled longest is cut for the
   * next page ...
   */
  monitorWaitingBytesMax: 64 * 1024 * 1024,
  /** ... but nobody who took something within this time ... */
  monitorGraceMs: 250,
  /** ... until the next page has waited for so long: then whoever reads slowest. */
  monitorPatienceMs: 1_000,
  /** Requests that one connection may have waiting (pipelining); more close it. */
  monitorPipelinedMax: 8,
  /** Wrong credentials from one address within a minute; then it is refused for a minute. */
  monitorLoginFailuresMax: 10,
  /** Addresses whose failed logins, or new connections, are counted; the oldest make room. */
  throttledAddressesMax: 4_096,
  /**
   * Service requests under way, kept by one worker. When all are taken the account that asks loses its
   * own oldest, if it holds its fair share (this, divided by the accounts that hold any); else an
   * account that holds more than that does.
   */
  serviceRepliesMax: 1_048_576,
  /**
   * Memory of their reply subjects above 64 bytes, each with 256 bytes of overhead. The oldest with
   * such a subject make room, of the account that the same rule finds ...
   */
  serviceReplyBytesMax: 64 * 1024 * 1024,
  /** ... and the same for one account, which loses its own oldest. */
  serviceReplyBytesPerAccountMax: 16 * 1024 * 1024,
  /**
   * Those of them that are measured; with long headers or a long reply subject one counts as
   * several. By the rule of `serviceRepliesMax` somebody's oldest make room: they are told of as
   * timed out, and may still be answered.
   */
  measuredRequestsMax: 65_536,
  /**
   * AZ-12. Reply subjects that one session may answer (`allow_responses`), each with 200 bytes of
   * overhead; the oldest make room. All of a worker take a part of its heap (shared-limits.ts).
   */
  responseBytesPerSessionMax: 16 * 1024 * 1024,
  /** AC-30. */
  serviceResponseThresholdMs: 120_000,
} as const;
