// A steady flow while the set of subscriptions or of subjects is large or changing.
import type { Row, Workload } from "../row.ts";
import { flow, range, versus } from "./versus.ts";

const wanted = { throughput: { goal: 1.5, limit: 1.0 }, cpu: {} };
const million = { prefix: "bench.", count: 1_000_000, width: 6 };

function beside(standing: number, churnPerSecond: number): Workload {
  return { ...flow(1, 1, 16), bystanders: { standing, churnPerSecond } } as Workload;
}

export const interestRows: readonly Row[] = [
  versus(
    { name: "churn", group: "interest", title: "1 → 1, 16 B beside 10 k SUB/UNSUB per second" },
    beside(0, 10_000),
    wanted,
  ),
  versus(
    {
      name: "100k-subscriptions",
      group: "interest",
      title: "1 → 1, 16 B beside 100,000 subscriptions",
    },
    beside(100_000, 0),
    wanted,
  ),
  versus(
    { name: "1m-subjects", group: "interest", title: "1,000,000 distinct subjects, 16 B" },
    range(million, "bench.*", 16),
    wanted,
  ),
];
