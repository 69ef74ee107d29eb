// Waiting with a deadline, for tests that talk to real processes: the only place with timers. Must
// stay true: nothing here passes because time went by, except `pause`, which says why.

/** `promise`, or an error naming `what` when it takes longer than `milliseconds`. */
export async function within<T>(
  promise: Promise<T>,
  what: string,
  milliseconds = 10_000,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const error = new Error(`waited ${milliseconds} ms for ${what}`);
    timer = setTimeout(() => reject(error), milliseconds);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Repeats `attempt` until it gives something; for facts that no event announces. */
export async function eventually<T>(
  attempt: () => T | undefined | Promise<T | undefined>,
  what: string,
  milliseconds = 10_000,
): Promise<T> {
  const end = Date.now() + milliseconds;
  for (;;) {
    const result = await attempt();
    if (result !== undefined) return result;
    if (Date.now() > end) throw new Error(`waited ${milliseconds} ms for ${what}`);
    await pause(10, "polling");
  }
}

/** Lets time pass. `why` names the timer of the protocol that needs it. */
export function pause(milliseconds: number, _why: string): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
