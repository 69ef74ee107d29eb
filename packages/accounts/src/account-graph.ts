// Which accounts can be part of an import cycle at all, and how long a chain of imports can get,
// without looking at subjects. Linear in accounts and imports, so that only the few imports inside
// a knot need the expensive search (attack 45). Control thread; pure.

/** Imports between accounts, as seen by the accounts alone. */
export class AccountGraph {
  readonly #exporters: number[][];
  readonly #component: Int32Array;
  /** By component: accounts on the longest chain of imports that starts in it. */
  readonly #chain: number[] = [];

  /** `edges` are pairs of importer and exporter. */
  constructor(accounts: number, edges: Iterable<readonly [number, number]>) {
    this.#exporters = Array.from({ length: accounts }, () => []);
    for (const [importer, exporter] of edges) this.#exporters[importer]?.push(exporter);
    this.#component = new Int32Array(accounts).fill(-1);
    this.#findComponents();
  }

  /** True if imports lead from `importer` to `exporter` and back. */
  mayCycle(importer: number, exporter: number): boolean {
    return this.#component[importer] === this.#component[exporter];
  }

  /** Upper bound of the accounts on any chain of imports that starts at `account`. */
  chainLength(account: number): number {
    return this.#chain[this.#component[account] as number] ?? 0;
  }

  /** Tarjan's strongly connected components, with a stack of its own. */
  #findComponents(): void {
    const count = this.#exporters.length;
    const order = new Int32Array(count).fill(-1);
    const low = new Int32Array(count);
    const nextEdge = new Int32Array(count);
    const open: number[] = [];
    let visited = 0;
    for (let root = 0; root < count; root += 1) {
      if (order[root] !== -1) continue;
      const path = [root];
      while (path.length > 0) {
        const at = path[path.length - 1] as number;
        if (order[at] === -1) {
          order[at] = visited;
          low[at] = visited;
          visited += 1;
          open.push(at);
        }
        const exporters = this.#exporters[at] as number[];
        const edge = nextEdge[at] as number;
        if (edge < exporters.length) {
          const to = exporters[edge] as number;
          nextEdge[at] = edge + 1;
          if (order[to] === -1) path.push(to);
          else if (this.#component[to] === -1) {
            low[at] = Math.min(low[at] as number, order[to] as number);
          }
          continue;
        }
        path.pop();
        const parent = path[path.length - 1];
        if (parent !== undefined) {
          low[parent] = Math.min(low[parent] as number, low[at] as number);
        }
        if (low[at] === order[at]) this.#closeComponent(open, at);
      }
    }
  }

  /** Components close after all that they lead to, so the chains behind them are known. */
  #closeComponent(open: number[], root: number): void {
    const id = this.#chain.length;
    const members: number[] = [];
    for (let member = open.pop(); member !== undefined; member = open.pop()) {
      this.#component[member] = id;
      members.push(member);
      if (member === root) break;
    }
    let longest = 0;
    for (const member of members) {
      for (const exporter of this.#exporters[member] as number[]) {
        if (this.#component[exporter] !== id)
          longest = Math.max(longest, this.chainLength(exporter));
      }
    }
    this.#chain.push(longest + members.length);
  }
}
