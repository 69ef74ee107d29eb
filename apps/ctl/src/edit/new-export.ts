// An export to start from.
import type { ExportClaim } from "@weft/jwt";

export const NEW_EXPORT: ExportClaim = {
  name: "",
  subject: "",
  type: "stream",
  tokenRequired: false,
  revocations: new Map(),
  responseType: "",
  responseThresholdNanos: 0,
  latency: undefined,
  accountTokenPosition: 0,
  advertise: false,
  allowTrace: false,
  description: "",
  infoUrl: "",
};
