// Connections: ten thousand idle ones, TLS, and the time a server takes to start.
import type { Row } from "../row.ts";
import { absolute, flow, REFERENCE, versus, versusSides, WEFT } from "./versus.ts";

const startLimitMs = 300;
const idleLimitBytes = 150 * 1024 * 1024;
const secure = { config: "tls" as const };
const overTls = { throughput: { goal: 2.0, limit: 1.3 }, cpu: {} };

export const connectionRows: readonly Row[] = [
  versus(
    { name: "idle", group: "connections", title: "10,000 idle connections with a subscription" },
    { kind: "idle", connections: 10_000, openingAtOnce: 64 },
    { memory: { goal: 0.4, limit: 0.6 }, throughput: { goal: 1.3, limit: 1.0 }, fresh: {} },
  ),
  versus(
    { name: "tls-1-1-16", group: "tls", title: "TLS 1.3: 1 → 1, 16 B" },
    flow(1, 1, 16),
    overTls,
    secure,
  ),
  versus(
    { name: "tls-4-4-128", group: "tls", title: "TLS 1.3: 4 → 4, 128 B" },
    flow(4, 1, 128),
    overTls,
    secure,
  ),
  {
    name: "startup",
    group: "startup",
    title: "exec to the first INFO byte; resident memory when idle",
    sides: versusSides({ kind: "startup" }, { workers: 1 }),
    criteria: [
      absolute("first INFO", "startMs", WEFT, startLimitMs),
      absolute("idle memory", "idleBytes", WEFT, idleLimitBytes),
      { label: "first INFO", metric: "startMs", of: WEFT, over: REFERENCE, direction: "atMost" },
    ],
  },
];
