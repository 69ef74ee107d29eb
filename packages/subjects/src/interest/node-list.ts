// A growable list of record ids, reused for every match and for records that wait for reuse. One
// owner thread; never shared.

const START_LENGTH = 64;

/** Ids in `values[0 .. count)`; entries from `count` on are stale. */
export class NodeList {
  count = 0;
  values = new Int32Array(START_LENGTH);

  push(id: number): void {
    if (this.count === this.values.length) this.#grow();
    this.values[this.count] = id;
    this.count += 1;
  }

  clear(): void {
    this.count = 0;
  }

  /** Id at `index`, which is below `count`. */
  at(index: number): number {
    return this.values[index] as number;
  }

  #grow(): void {
    const larger = new Int32Array(this.values.length * 2);
    larger.set(this.values);
    this.values = larger;
  }
}
