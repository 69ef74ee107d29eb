// Subscriptions beside a flow: a standing number, spread over a few connections, and a number that
// is opened and closed per second on one more. Owned by the load process.
import type { Bystanders, Target } from "./job.ts";
import { type Link, openLink } from "./link.ts";

const STANDING_CONNECTIONS = 10;
const STANDING_PER_WRITE = 1000;
const CHURN_TURN_MS = 10;
/** The rate must be reached, or the row would measure less than it says. */
const CHURN_SHARE_MIN = 0.9;

/** Why the run does not count, if so. */
type Stop = () => string | undefined;

export async function startBystanders(
  target: Target,
  bystanders: Bystanders | undefined,
): Promise<Stop> {
  if (bystanders === undefined) return () => undefined;
  await openStanding(target, bystanders.standing);
  if (bystanders.churnPerSecond === 0) return () => undefined;
  return startChurn(await openLink(target), bystanders.churnPerSecond);
}

async function openStanding(target: Target, total: number): Promise<void> {
  const perConnection = Math.ceil(total / STANDING_CONNECTIONS);
  for (let first = 0; first < total; first += perConnection) {
    const link = await openLink(target);
    const end = Math.min(total, first + perConnection);
    let lines = "";
    for (let n = first; n < end; n++) {
      lines += `SUB standing.${n % 1000}.${n} ${n}\r\n`;
      if (n % STANDING_PER_WRITE === 0) {
        link.write(lines);
        lines = "";
      }
    }
    link.write(lines);
    await link.fence();
  }
}

/** A SUB and, one turn later, its UNSUB: both at the given rate. */
function startChurn(link: Link, perSecond: number): Stop {
  const startedAtMs = performance.now();
  let opened = 0;
  let closed = 0;
  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - startedAtMs) * perSecond) / 1000);
    let lines = "";
    for (; closed < opened; closed++) lines += `UNSUB ${closed}\r\n`;
    for (; opened < due; opened++) lines += `SUB _INBOX.churn.${opened} ${opened}\r\n`;
    link.write(lines);
  }, CHURN_TURN_MS);
  return () => {
    clearInterval(timer);
    const reached = (opened * 1000) / (performance.now() - startedAtMs);
    if (reached >= perSecond * CHURN_SHARE_MIN) return undefined;
    return `only ${Math.round(reached)} SUB/UNSUB per second`;
  };
}
