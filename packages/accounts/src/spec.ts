// What a configuration (later: an account JWT) says about an account, before compilation.

import type { PermissionsSpec } from "@weft/auth";
import type { SourcePosition } from "@weft/base";

/** One destination of a subject mapping (SU-30, SU-33). */
export interface MappingDestinationSpec {
  readonly subject: string;
  /** 0 to 100; undefined = 100. */
  readonly weight?: number | undefined;
  /** SU-35: only in this cluster. */
  readonly cluster?: string | undefined;
  readonly at?: SourcePosition | undefined;
}

/** SU-30. Order of declaration matters (SU-31). */
export interface MappingSpec {
  readonly source: string;
  readonly destinations: readonly MappingDestinationSpec[];
  readonly at?: SourcePosition | undefined;
}

/** AC-29. */
export type ResponseType = "singleton" | "stream" | "chunked";

/** AC-60. How often answers of a service are measured, and where the measurements go. */
export interface LatencySpec {
  /** 1 to 100; `headers` = only requests whose headers ask for it (AC-63). */
  readonly samplingPercent: number | "headers";
  /** Subject in the exporting account. */
  readonly subject: string;
}

/** AC-20. */
export interface ExportSpec {
  readonly kind: "stream" | "service";
  readonly subject: string;
  /** Undefined = public; else only these accounts (AC-22). */
  readonly accounts?: readonly string[] | undefined;
  readonly responseType?: ResponseType | undefined;
  /** AC-30. Undefined = 2 minutes. */
  readonly responseThresholdMs?: number | undefined;
  /** AC-60; services with one answer only. */
  readonly latency?: LatencySpec | undefined;
  /** AC-35, counted from 1. */
  readonly accountTokenPosition?: number | undefined;
  readonly allowTrace?: boolean | undefined;
  readonly at?: SourcePosition | undefined;
}

/** AC-21. */
export interface ImportSpec {
  readonly kind: "stream" | "service";
  /** Exporting account. */
  readonly account: string;
  /** Subject in the exporting account. */
  readonly subject: string;
  /** AC-25; streams only, exclusive with `to`. */
  readonly prefix?: string | undefined;
  /** Local subject; for streams a transform of `subject` (AC-25). */
  readonly to?: string | undefined;
  /** AC-34; services only. */
  readonly share?: boolean | undefined;
  readonly allowTrace?: boolean | undefined;
  /** An activation of the exporter was found good: the export's own list is not asked (AC-52). */
  readonly activated?: boolean | undefined;
  readonly at?: SourcePosition | undefined;
}

/** AC-73. Where messages that another tracing system wants traced are reported. */
export interface MessageTraceSpec {
  /** Subject in the account. */
  readonly destination: string;
  /** 1 to 100 percent of them. */
  readonly samplingPercent: number;
}

/** AC-06. Undefined or -1 = unlimited. */
export interface AccountLimitsSpec {
  readonly connectionsMax?: number | undefined;
  readonly subscriptionsMax?: number | undefined;
  readonly payloadBytesMax?: number | undefined;
  readonly leafnodesMax?: number | undefined;
}

/** AC-03. */
export interface AccountSpec {
  readonly name: string;
  readonly nkey?: string | undefined;
  /** A name for people, where `name` is a key. */
  readonly nameTag?: string | undefined;
  readonly limits?: AccountLimitsSpec | undefined;
  readonly mappings?: readonly MappingSpec[] | undefined;
  readonly exports?: readonly ExportSpec[] | undefined;
  readonly imports?: readonly ImportSpec[] | undefined;
  readonly defaultPermissions?: PermissionsSpec | undefined;
  readonly messageTrace?: MessageTraceSpec | undefined;
  readonly at?: SourcePosition | undefined;
}
