// The order of events in a simulated process: whatever could happen next, one thing at a time,
// drawn by a seeded generator. Test support, one thread. Must stay true: the same seed and the same
// posts give the same order; a task runs to its end before the next one begins.
import type { Prng } from "@weft/base";

/** One thing that can happen. */
export type Task = () => void;

/** Tasks that may run in any order. What has an order of its own posts one task at a time. */
export class Scheduler {
  /** Tasks run since the beginning. */
  steps = 0;
  readonly #prng: Prng;
  readonly #tasks: Task[] = [];

  constructor(prng: Prng) {
    this.#prng = prng;
  }

  get pending(): number {
    return this.#tasks.length;
  }

  post(task: Task): void {
    this.#tasks.push(task);
  }

  /** Runs one task; false when there is none. */
  step(): boolean {
    const tasks = this.#tasks;
    if (tasks.length === 0) return false;
    const place = this.#prng.below(tasks.length);
    const task = tasks[place] as Task;
    const last = tasks.pop() as Task;
    if (last !== task) tasks[place] = last;
    this.steps += 1;
    task();
    return true;
  }
}
