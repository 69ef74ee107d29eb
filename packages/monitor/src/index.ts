// The entry of the package: everything that other packages may use.
export { gatewayz, jsz, leafz, routez } from "./absent-pages.ts";
export { type AccountTotals, accountTotals, allAccountTotals } from "./account-totals.ts";
export { accountStatistics, accountz, accstatz } from "./accountz.ts";
export { CONNZ_DEFAULTS, type ConnzOptions, connz } from "./connz.ts";
export type * from "./facts.ts";
export { encodeJson, type JsonObject, type JsonValue, jsonChunks } from "./go-json.ts";
export { roundTripText, timeText, timeTextMs, uptimeText } from "./go-text.ts";
export { type Health, type HealthOptions, healthz } from "./healthz.ts";
export { type DebugValues, debugValues, ipqueuesz, type QueueOptions } from "./internals.ts";
export { judgeLogin, type LoginVerdict, type ShownCredentials } from "./login.ts";
export { isMistake, type Mistake, type Outcome, textPage } from "./page.ts";
export { PAGE_TOO_LARGE, type PageBytes, pageBytes } from "./page-bytes.ts";
export { countedName, PAGE_PATHS, type PageRequest, renderPage } from "./render-page.ts";
export { ShownCounters } from "./shown-counters.ts";
export { type SubszOptions, subsz } from "./subsz.ts";
export { varz } from "./varz.ts";
