// A limit for work that may never end.
import { formatDuration } from "@weft/config";

/** Rejects with `problem` if the work takes longer. */
export function within<T>(work: Promise<T>, timeoutMs: number, problem: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const message = `${problem} within ${formatDuration(timeoutMs)}`;
    const timer = setTimeout(() => reject(new Error(message)), timeoutMs);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
