// Entry of the load process: takes one job from its parent, runs it on this one thread, sends the
// figures back and ends. It is a process of its own so that each measurement starts with a clean
// heap and so that the load costs one core at most.
import { runCalloutService } from "./callout-service.ts";
import { runClaimPush } from "./claim-push.ts";
import { runFlow } from "./flow.ts";
import { runIdle } from "./idle.ts";
import type { Figures, Job, JobReply, TurnOrder, Window } from "./job.ts";
import { runLargePage } from "./large-page.ts";
import { whenBroken } from "./link.ts";
import { runLogins } from "./logins.ts";
import { runPaced } from "./paced.ts";
import { runRequests } from "./requests.ts";
import { runRoundTrip } from "./round-trip.ts";
import type { Turns } from "./window.ts";

const driverTurns: Turns = {
  next: () =>
    new Promise((resolve) => {
      process.once("message", ({ goesOn }: TurnOrder) => resolve(goesOn));
      tell({ ready: true });
    }),
  tell: (turn) => tell({ turn }),
};

function turnsOf(job: Window): Turns | undefined {
  return job.inTurns === true ? driverTurns : undefined;
}

function run(job: Job): Promise<Figures> {
  switch (job.kind) {
    case "flow":
      return runFlow(job, turnsOf(job));
    case "requests":
      return runRequests(job, turnsOf(job));
    case "round-trip":
      return runRoundTrip(job, turnsOf(job));
    case "idle":
      return runIdle(job);
    case "logins":
      return runLogins(job);
    case "paced":
      return runPaced(job);
    case "large-page":
      return runLargePage(job);
    case "claim-push":
      return runClaimPush(job);
    case "callout-service":
      return runCalloutService(job, () => tell({ ready: true }));
  }
}

function tell(answer: JobReply): void {
  process.send?.(answer);
}

function reply(answer: JobReply): void {
  process.send?.(answer, () => process.exit(0));
}

function failed(error: unknown): void {
  reply({ error: error instanceof Error ? error.message : String(error) });
}

whenBroken(failed);
process.on("uncaughtException", failed);
process.on("unhandledRejection", failed);
process.on("disconnect", () => process.exit(1));
process.once("message", (job: Job) => {
  run(job).then((figures) => reply({ figures }), failed);
});
