// What the client parser tells a session. Offsets point into the buffer that was fed and are valid
// for the call only.

/** Why parsing ended with an error that closes the connection. */
export type ParseFailure =
  | "unknown-operation" // CP-50, CP-55: `-ERR 'Unknown Protocol Operation'`
  | "control-line" // CP-52
  | "payload" // CP-53
  | "arguments" // CP-56: closed without `-ERR`, logged; also `-ERR` of a client (CP-49), bad INFO
  | "headers-unsupported"; // CP-57

/**
 * One session as the parser sees it. Handlers return false to stop parsing after the operation, and
 * must not feed the parser that calls them. Its properties are read again after each
 * operation but PUB.
 */
export interface ClientOps {
  /** CP-33: true while the first operation must be CONNECT. */
  readonly awaitingConnect: boolean;
  /** CP-27. HPUB is refused otherwise. */
  readonly headersEnabled: boolean;
  /** Limits of this session in bytes. */
  readonly controlLineBytesMax: number;
  readonly payloadBytesMax: number;

  /** Another operation than CONNECT came first. True to go on (implicit login), false to stop. */
  onEarlyOperation(): boolean;
  /**
   * PUB or HPUB. `[subjectStart, subjectEnd)` subject, `hash` its FNV-1a from the parser's seed;
   * `replyStart` is -1 without a reply; `[tailStart, bodyStart)` is the end of the control line,
   * exactly `<#total> CRLF` or `<#header> SP <#total> CRLF`, or `tailStart` is -1 where the sender
   * wrote it in another way (LF alone, more blanks) and it must be formatted anew;
   * `[bodyStart, bodyEnd)` is header block and payload, followed by CRLF in the input.
   * `headerBytes` is -1 for PUB, and for an HPUB with an empty header block, which is delivered as
   * MSG; its tail is then `<#total> CRLF`. False parks: the operation is not consumed and comes
   * again.
   */
  onPublish(
    input: Buffer,
    subjectStart: number,
    subjectEnd: number,
    hash: number,
    replyStart: number,
    replyEnd: number,
    tailStart: number,
    bodyStart: number,
    bodyEnd: number,
    headerBytes: number,
  ): boolean;
  /** As `onPublish`, for a message with a header that may ask for it to be traced (AC-70). */
  onTracedPublish(...publish: PublishParts): boolean;
  /**
   * A message is larger than this session may send, as far as its header block `[start, end)` has
   * come; `onParseFailure` follows.
   */
  onOversizedHeaders(input: Buffer, start: number, end: number, totalBytes: number): void;
  onConnect(input: Buffer, start: number, end: number): boolean;
  /** `queueStart` is -1 without a queue group. */
  onSubscribe(
    input: Buffer,
    subjectStart: number,
    subjectEnd: number,
    queueStart: number,
    queueEnd: number,
    sidStart: number,
    sidEnd: number,
  ): boolean;
  /** `max` is 0 when absent or unparsable (CP-44). */
  onUnsubscribe(input: Buffer, sidStart: number, sidEnd: number, max: number): boolean;
  onPing(): boolean;
  onPong(): boolean;
  /**
   * Parsing has ended for good. `[lineStart, lineEnd)` is an excerpt for the log, at most 128 bytes
   * from the start of the operation; of a CONNECT the verb only, as the rest may hold a secret.
   * `payloadBytes`: of a message that is too large, 0 for other failures.
   */
  onParseFailure(
    failure: ParseFailure,
    input: Buffer,
    lineStart: number,
    lineEnd: number,
    payloadBytes: number,
  ): void;
}

/** What `onPublish` is told, as one value. */
export type PublishParts = Parameters<ClientOps["onPublish"]>;

/** What `onParseFailure` is told, as one value. */
export type FailureParts = Parameters<ClientOps["onParseFailure"]>;
