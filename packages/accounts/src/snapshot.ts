// The compiled form of all accounts: checked, resolved to dense indexes, plain data. The control
// thread makes it, workers get a clone; it is never changed in place, only replaced.
import type { ResponseType } from "./spec.ts";

/** A stream import as seen from the exporting account: who receives copies, and as what. */
export interface StreamImportSnapshot {
  readonly exporter: number;
  readonly importer: number;
  /** Filter in the exporter's subjects. */
  readonly from: string;
  /** Destination of the transform from `from` to the importer's subject; undefined = unchanged. */
  readonly to?: string | undefined;
  readonly allowTrace: boolean;
}

/** A service import: requests on `from` in the importer go to `to` in the exporter. */
export interface ServiceImportSnapshot {
  readonly importer: number;
  readonly exporter: number;
  /** Filter in the importer's subjects. */
  readonly from: string;
  /** Destination of the transform from `from` to the exporter's subject. */
  readonly to: string;
  readonly responseType: ResponseType;
  /** AC-30; milliseconds. */
  readonly responseThresholdMs: number;
  readonly share: boolean;
  readonly allowTrace: boolean;
}

/** Limits with -1 for "unlimited". */
export interface AccountLimits {
  readonly connectionsMax: number;
  readonly subscriptionsMax: number;
  readonly payloadBytesMax: number;
  readonly leafnodesMax: number;
}

/** Destinations of one mapping that apply to this server's cluster, weights resolved. */
export interface MappingSnapshot {
  readonly source: string;
  /** In order; weights in percent, their sum is at most 100; what is missing to 100 is lost (SU-34). */
  readonly destinations: readonly { readonly subject: string; readonly weight: number }[];
}

export interface AccountSnapshot {
  /** Dense index, the account's id on all threads; `$G` is 0, the system account 1. */
  readonly index: number;
  readonly name: string;
  readonly limits: AccountLimits;
  readonly mappings: readonly MappingSnapshot[];
}

export interface AccountsSnapshot {
  readonly accounts: readonly AccountSnapshot[];
  readonly streamImports: readonly StreamImportSnapshot[];
  readonly serviceImports: readonly ServiceImportSnapshot[];
}
