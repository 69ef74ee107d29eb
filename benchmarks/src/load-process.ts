// A load process as the driver sees it: one job, its figures, and the turns of a job that has some.
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Figures, Job, JobReply, TurnOrder } from "./load/job.ts";
import type { RowFigures } from "./row.ts";

const generatorFile = fileURLToPath(new URL("load/generator.js", import.meta.url));

/** A load process that works. */
export interface Running {
  readonly figures: Promise<RowFigures>;
  /** What others wait for before they begin; of a job in turns, the first can begin. */
  readonly ready: Promise<void>;
  /** One turn of a job that is ready; it is again when the figures are there. */
  turn(): Promise<Figures>;
  /** There are no more turns: the job settles its account. */
  lastTurnWas(): void;
  /** Ends a job that does not end by itself. */
  end(): void;
}

export function runJob(job: Job, deadlineMs: number): Promise<RowFigures> {
  return startJob(job, deadlineMs).figures;
}

export function startJob(job: Job, deadlineMs: number): Running {
  const child = fork(generatorFile, [], { execArgv: [], serialization: "json" });
  let whenReady = (_: Figures): void => {};
  const becomesReady = (): Promise<Figures> =>
    new Promise((resolve) => {
      whenReady = resolve;
    });
  const ready = becomesReady().then(() => {});
  let turn: Figures = {};
  const figures = new Promise<RowFigures>((resolve, reject) => {
    const timer = setTimeout(() => finish({ error: `no result in ${deadlineMs} ms` }), deadlineMs);
    const finish = (answer: { error: string } | { figures: Figures }): void => {
      clearTimeout(timer);
      child.removeAllListeners();
      child.on("error", () => {});
      child.kill("SIGKILL");
      if ("error" in answer) reject(new Error(answer.error));
      else resolve(answer.figures);
    };
    child.on("message", (answer: JobReply) => {
      if ("turn" in answer) turn = answer.turn;
      else if ("ready" in answer) whenReady(turn);
      else finish(answer);
    });
    child.once("error", (error) => finish({ error: error.message }));
    child.once("exit", (code) => finish({ error: `the load process ended with ${code}` }));
    child.send(job);
  });
  const order = (what: TurnOrder): void => void child.send(what);
  return {
    figures,
    ready,
    turn() {
      const isReadyAgain = becomesReady();
      order({ goesOn: true });
      return Promise.race([isReadyAgain, figures]);
    },
    lastTurnWas: () => order({ goesOn: false }),
    end: () => void child.kill("SIGKILL"),
  };
}
