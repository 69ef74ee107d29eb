// The two versions that the server reports.
import { NATS_LEVEL } from "@weft/base";

/** The level of the reference that the protocol implements (OT-21). */
export const NATS_VERSION: string = NATS_LEVEL;
export const WEFT_VERSION = "0.1.0";
