// Waiting in the load process: for a time, or for a condition with a deadline.

const POLL_MS = 2;

export function whileRunning(durationMs: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, durationMs);
  });
}

/** Fails with the account of what was reached if the condition does not hold in time. */
export async function waitUntil(
  isDone: () => boolean,
  deadlineMs: number,
  account: () => string,
): Promise<void> {
  const end = performance.now() + deadlineMs;
  while (!isDone()) {
    if (performance.now() > end) throw new Error(`not finished in ${deadlineMs} ms: ${account()}`);
    await whileRunning(POLL_MS);
  }
}
