// Asks the authentication module about logins (GP-14): which one, how many at a time, for how long.
// Control thread. Must stay true: every question gets an answer within its time, a bounded number is
// under way, a module that does not answer is left alone for a while, and no other login waits for it.

import type { PluginSpec } from "@weft/auth";
import {
  type AuthenticationRequest,
  type LoginAnswer,
  readAnswer,
  withoutSecrets,
} from "@weft/auth";
import { errorText, LIMITS } from "@weft/base";
import { Breaker } from "@weft/callout";
import type { ServerOptions } from "@weft/config";
import type { LogSink } from "@weft/logging";
import type { CalloutFacts } from "@weft/monitor";
import type { AuthenticationHook } from "./authentication-hook.ts";
import { type AuthenticationRunner, runnerOf } from "./authentication-runner.ts";
import type { PreparedPart, ReloadPart } from "./runtime.ts";

/** Name of a hook that the embedding program hands over. */
export const EMBEDDED_HOOK = "(embedded)";

interface Running {
  readonly spec: PluginSpec;
  readonly runner: AuthenticationRunner;
  underWay: number;
}

export class Authentication implements ReloadPart {
  readonly #hook: AuthenticationHook | undefined;
  readonly #log: LogSink;
  readonly #breaker = new Breaker();
  readonly #totals = { asked: 0, granted: 0, refused: 0, late: 0, notAsked: 0 };
  #running: Running | undefined;
  /** What a reload has prepared, or replaced while it has questions that were asked before. */
  readonly #aside = new Set<Running>();
  #closed = false;

  constructor(hook: AuthenticationHook | undefined, log: LogSink) {
    this.#hook = hook;
    this.#log = log;
  }

  /** Before the first login. Throws why the module cannot be used. */
  async open({ authenticationModule: spec }: ServerOptions): Promise<void> {
    this.#running = spec && (await this.#start(spec));
  }

  /** The module is loaded anew by every reload: what it imports may have changed as well. */
  async prepare({ authenticationModule: spec }: ServerOptions): Promise<PreparedPart | undefined> {
    if (spec === undefined && this.#running === undefined) return undefined;
    const next = spec && (await this.#start(spec));
    if (this.#closed) {
      await next?.runner.close();
      throw new Error("the server is shutting down");
    }
    if (next !== undefined) this.#aside.add(next);
    return {
      commit: () => {
        if (next !== undefined) this.#aside.delete(next);
        const former = this.#running;
        this.#running = next;
        this.#breaker.answered();
        if (former === undefined) return;
        this.#aside.add(former);
        this.#closeIdle(former);
      },
      abandon: async () => {
        if (next !== undefined && this.#aside.delete(next)) await next.runner.close();
      },
    };
  }

  /** Undefined where no module is configured. */
  facts(): CalloutFacts | undefined {
    if (this.#running === undefined) return undefined;
    const state = this.#breaker.state(performance.now());
    return { state, underWay: this.#running.underWay, ...this.#totals };
  }

  /** Never rejects. */
  async ask(request: AuthenticationRequest): Promise<LoginAnswer> {
    const answer = await this.#ask(request);
    const isRefused = answer.kind === "plugin" && answer.verdict.kind === "refused";
    this.#totals[isRefused ? "refused" : "granted"] += 1;
    return answer;
  }

  async close(): Promise<void> {
    this.#closed = true;
    const all = [...this.#aside, ...(this.#running === undefined ? [] : [this.#running])];
    await Promise.all(all.map(({ runner }) => runner.close()));
  }

  #closeIdle(running: Running): void {
    if (running.underWay > 0 || !this.#aside.delete(running)) return;
    void running.runner.close();
  }

  async #start(spec: PluginSpec): Promise<Running> {
    if (spec.name !== EMBEDDED_HOOK) {
      const { AuthenticationThread } = await import("./authentication-thread.ts");
      const runner = await AuthenticationThread.open(spec.name, this.#log);
      return { spec, runner, underWay: 0 };
    }
    if (this.#hook !== undefined) return { spec, runner: runnerOf(this.#hook), underWay: 0 };
    throw new Error("no authentication function was handed over when the server was started");
  }

  async #ask(request: AuthenticationRequest): Promise<LoginAnswer> {
    const running = this.#running;
    if (running === undefined || this.#closed) return refused("it is not there");
    if (running.underWay >= LIMITS.moduleQuestionsUnderWayMax) {
      this.#totals.notAsked += 1;
      return refused("too many questions are under way");
    }
    if (!this.#breaker.mayAsk(performance.now())) {
      this.#totals.notAsked += 1;
      return refused("it has not answered lately");
    }
    this.#totals.asked += 1;
    running.underWay += 1;
    try {
      return await this.#answerOf(running, request);
    } finally {
      running.underWay -= 1;
      this.#closeIdle(running);
    }
  }

  async #answerOf(running: Running, request: AuthenticationRequest): Promise<LoginAnswer> {
    const { spec, runner } = running;
    const late = Symbol();
    const { promise: over, resolve } = Promise.withResolvers<typeof late>();
    const timer = setTimeout(() => resolve(late), spec.timeoutMs);
    try {
      const answer = await Promise.race([runner.ask(request, spec.timeoutMs), over]);
      if (answer === late) return this.#wasLate(running);
      this.#answered();
      return { kind: "plugin", verdict: readAnswer(answer, request) };
    } catch (error) {
      // It says something, if only that it cannot.
      this.#answered();
      const text = errorText(error);
      return refused(withoutSecrets(text, request));
    } finally {
      clearTimeout(timer);
    }
  }

  #answered(): void {
    if (this.#breaker.answered()) {
      this.#log.write("info", "Authentication module: it answers again");
    }
  }

  #wasLate({ runner, spec }: Running): LoginAnswer {
    this.#totals.late += 1;
    runner.wasLate();
    const restMs = this.#breaker.silent(performance.now());
    if (restMs !== undefined) {
      const text = `Authentication module: no answers, nobody asks it for ${restMs / 1_000}s`;
      this.#log.write("warn", text);
    }
    return refused(`no answer within ${spec.timeoutMs}ms`);
  }
}

function refused(reason: string): LoginAnswer {
  return { kind: "plugin", verdict: { kind: "refused", reason } };
}
