// The compiled form of all accounts: checked, resolved to dense indexes, plain data. The control
// thread makes it, workers get a clone; it is never changed in place, only replaced. All subjects
// in here are byte views (one character per byte of the wire).
import type { LatencySpec, MessageTraceSpec, ResponseType } from "./spec.ts";

/** A stream import as seen from the exporting account: who receives copies, and as what. */
export interface StreamImportSnapshot {
  readonly exporter: number;
  readonly importer: number;
  /** Filter in the exporter's subjects. */
  readonly from: string;
  /**
   * Importer's subject: undefined = unchanged; a transform destination if `from` has wildcards,
   * else a literal subject.
   */
  readonly to?: string | undefined;
  readonly allowTrace: boolean;
}

/** A service import: requests on `from` in the importer go to `to` in the exporter. */
export interface ServiceImportSnapshot {
  readonly importer: number;
  readonly exporter: number;
  /** Filter in the importer's subjects. */
  readonly from: string;
  /** Subject in the exporter; equal to `from` = unchanged. */
  readonly to: string;
  /** True if `to` is one subject for all requests, false if it is a transform destination. */
  readonly toIsLiteral: boolean;
  readonly responseType: ResponseType;
  /** AC-30; milliseconds. */
  readonly responseThresholdMs: number;
  readonly share: boolean;
  readonly allowTrace: boolean;
  /** AC-60. Its subject is a byte view as all others. */
  readonly latency: LatencySpec | undefined;
}

/** Limits with -1 for "unlimited". */
export interface AccountLimits {
  readonly connectionsMax: number;
  readonly subscriptionsMax: number;
  readonly payloadBytesMax: number;
  readonly leafnodesMax: number;
}

export interface AccountSnapshot {
  /** Dense index, the account's id on all threads; `$G` is 0, the system account 1. */
  readonly index: number;
  readonly name: string;
  /** A name for people; undefined = `name` is one. */
  readonly nameTag?: string | undefined;
  readonly limits: AccountLimits;
  /**
   * In order, each as in `mapping-text.ts`: with the destinations that apply to this server's cluster,
   * weights with a sum of at most 100; the rest of 100 is lost (SU-34).
   */
  readonly mappings: readonly string[];
  /** AC-73. Its destination is a byte view. */
  readonly messageTrace?: MessageTraceSpec | undefined;
  /**
   * Deleted while the server ran: nobody can log in to it, nothing is imported from or to it. Its
   * index stays its own until nothing of it can be under way any more.
   */
  readonly retired?: true | undefined;
}

export interface AccountsSnapshot {
  readonly accounts: readonly AccountSnapshot[];
  /** False if the account at index 1 is only a place holder (AC-05, `no_system_account`). */
  readonly hasSystemAccount: boolean;
  readonly streamImports: readonly StreamImportSnapshot[];
  readonly serviceImports: readonly ServiceImportSnapshot[];
}

/** The imports of one account, all of them. */
export interface AccountImports {
  readonly importer: number;
  readonly streams: readonly StreamImportSnapshot[];
  readonly services: readonly ServiceImportSnapshot[];
}

/** What has changed between two snapshots of accounts: small, however many there are. */
export interface AccountsDelta {
  /** New ones and others than before, retired ones included, each at its index. */
  readonly accounts: readonly AccountSnapshot[];
  /** In place of what these accounts imported before. */
  readonly imports: readonly AccountImports[];
  /** Ways of messages between accounts that were there before are others now. */
  readonly movesMessages: boolean;
}
