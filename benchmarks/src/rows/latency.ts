// Requests: many in flight, one at a time, and beside a connection that floods the server.
import type { Row, Workload } from "../row.ts";
import { versus } from "./versus.ts";

export const requests: Workload = { kind: "requests", clients: 16, inFlight: 64, responders: 2 };

export function roundTrip(flood = false): Workload {
  const subject = "service.round";
  return { kind: "round-trip", requestSubject: subject, serviceSubject: subject, flood };
}

export const latencyRows: readonly Row[] = [
  versus(
    {
      name: "requests",
      group: "requests",
      title: "64 requests in flight × 16 clients, fresh reply subjects",
    },
    requests,
    { throughput: { goal: 1.5, limit: 1.3 }, cpu: {} },
  ),
  versus(
    { name: "round-trip", group: "requests", title: "request/reply round trip" },
    roundTrip(),
    { p50: { goal: 1.0, limit: 1.1 }, p99: { goal: 1.0, limit: 1.35 }, cpu: {} },
  ),
  versus(
    {
      name: "quiet-client",
      group: "requests",
      title: "a quiet client's round trip beside one flooding connection",
    },
    roundTrip(true),
    { p99: { goal: 1.0, limit: 1.5 }, p50: {} },
  ),
];
