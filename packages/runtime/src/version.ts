// The two versions that the server reports.

/** The level of the reference that the protocol implements (OT-21). */
export const NATS_VERSION = "2.14.0";
export const WEFT_VERSION = "0.1.0";
