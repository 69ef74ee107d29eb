// Interest in a segment that is not of this server: what routes and leafnodes want for theirs. Private to
// the segment's writer thread: for matching it is interest like any other, but the feed of changes does not
// tell of it, or two servers would keep each other's interest alive.

export class RemoteInterest {
  readonly #counts = new Map<string, number>();

  /** Of the interest of `node` as a member of `queue`, or plain: how many are not of this server. */
  of(node: number, queue: Uint8Array | null): number {
    if (this.#counts.size === 0) return 0;
    return this.#counts.get(keyOf(node, queue)) ?? 0;
  }

  changed(node: number, queue: Uint8Array | null, by: number): void {
    const key = keyOf(node, queue);
    const count = (this.#counts.get(key) ?? 0) + by;
    if (count === 0) this.#counts.delete(key);
    else this.#counts.set(key, count);
  }
}

function keyOf(node: number, queue: Uint8Array | null): string {
  return queue === null ? `${node}` : `${node} ${Buffer.from(queue).toString("latin1")}`;
}
