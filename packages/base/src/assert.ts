// Checks that stay on in production: what must be true, as opposed to what may happen.

/** Thrown by {@link assert}. Never caught inside a core: it ends the thread and so the server. */
export class AssertionFailure extends Error {
  override readonly name = "AssertionFailure";
}

/** Fails the thread when `condition` is false. `what` names the broken invariant. */
export function assert(condition: boolean, what: string): asserts condition {
  if (!condition) throw new AssertionFailure(what);
}
