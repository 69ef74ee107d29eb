// Random accounts by tokens, up to fifty, that import from each other, come, change and go: what is
// taken, what is granted and where messages go, against a plain judge that shares no code (attacks 28
// and 45). 100 graphs, 10,000 under WEFT_DEEP=1.
import {
  AccountRouting,
  type AccountsSnapshot,
  compileAccounts,
  LiveAccounts,
} from "@weft/accounts";
import { createPrng, type Prng } from "@weft/base";
import { trustKeys } from "@weft/jwt";
import { expect, test } from "vitest";
import { OperatorAccounts } from "./operator-accounts.ts";
import {
  bodyOf,
  comesBack,
  type Edge,
  hasCircle,
  isGranted,
  isRefused,
  type JudgedAccount,
  targets,
  universe,
} from "./testing/import-judge.ts";
import { ImportMaker, OPERATOR, PlainVerifier, TOKENS } from "./testing/random-imports.ts";

const NOW_MS = Date.UTC(2026, 10, 23, 9, 30, 15, 250);
const NOW = Math.floor(NOW_MS / 1_000);
const IS_DEEP = process.env["WEFT_DEEP"] === "1";
const GRAPHS = IS_DEEP ? 10_000 : 100;
/** The whole of one graph, on a machine that others use as well. */
const GRAPH_MS_MAX = 5_000;
const SUBJECTS = universe(TOKENS);
const CIRCLE = /import forms a cycle$|search cycle depth exhausted$/;

const compiled = compileAccounts([]);
if (!compiled.ok) throw new Error("no accounts");
const BASE: AccountsSnapshot = compiled.snapshot;

class Graph {
  readonly verifier = new PlainVerifier();
  readonly live = new LiveAccounts(BASE, { takeFreeIndex: () => undefined });
  readonly accounts = new OperatorAccounts({
    operators: trustKeys([OPERATOR.publicKey]),
    live: this.live,
    verifier: this.verifier,
  });
  readonly taken = new Map<string, JudgedAccount>();
  readonly #maker: ImportMaker;

  constructor(prng: Prng) {
    const count = prng.below(20) === 0 ? 50 : 2 + prng.below(11);
    this.#maker = new ImportMaker(prng, NOW, count);
    const steps = count * 2;
    for (let step = 0; step < steps; step += 1) {
      const key = this.#maker.keys[step % count] as string;
      if (prng.below(12) === 0) this.#remove(key);
      else this.#put(key);
      if (prng.below(3) === 0) this.accounts.commit(NOW_MS);
    }
    this.accounts.commit(NOW_MS);
  }

  get keys(): readonly string[] {
    return this.#maker.keys;
  }

  #remove(key: string): void {
    this.accounts.remove(key, "refused");
    this.taken.delete(key);
  }

  #put(key: string): void {
    const token = this.#maker.token(key);
    const body = bodyOf<JudgedAccount>(token);
    const { ok } = this.accounts.put(key, token, NOW_MS);
    if (ok === isRefused(body, this.verifier)) throw new Error(`put ${ok} ${token}`);
    if (ok) this.taken.set(key, body);
  }

  /** Imports as the accounts say them, and what became of each. */
  outcomes(): { readonly edge: Edge; readonly problem: string | undefined }[] {
    return [...this.taken].flatMap(([importer, { nats }]) => {
      const problems = [...(this.accounts.get(importer)?.problems ?? [])];
      return (nats.imports ?? []).map((claim) => {
        const { type, subject, account } = claim;
        const shown = `${type} import ${JSON.stringify(subject)}`;
        const at = problems.findIndex(
          (text) =>
            text.startsWith(`${shown} from ${account}:`) ||
            text.startsWith(`Error adding ${shown}:`),
        );
        const problem = at === -1 ? undefined : problems.splice(at, 1)[0];
        return { edge: { importer, claim }, problem };
      });
    });
  }
}

const counts = { granted: 0, refused: 0, circles: 0, copies: 0, requests: 0 };

function judgeGraph(graph: Graph): void {
  const edges: Edge[] = [];
  const circling: Edge[] = [];
  for (const { edge, problem } of graph.outcomes()) {
    const { importer, claim } = edge;
    const expected = isGranted(claim, importer, graph.taken, NOW);
    const isCircle = problem !== undefined && CIRCLE.test(problem);
    if (expected !== (problem === undefined || isCircle)) {
      throw new Error(`${importer} ${JSON.stringify(claim)}: ${problem}`);
    }
    if (problem === undefined) edges.push(edge);
    else if (isCircle) circling.push(edge);
    counts[isCircle ? "circles" : expected ? "granted" : "refused"] += 1;
  }
  const subjects = universe([...TOKENS, ...graph.keys.slice(0, 2)]);
  expect(hasCircle(edges, subjects)).toBe(false);
  for (const edge of circling.filter(({ claim }) => claim.type === "service")) {
    expect(comesBack(edges, edge, subjects), JSON.stringify(edge)).toBe(true);
  }
  judgeWays(graph, edges);
}

/** Every subject of every account goes where the imports that work say, and nowhere else. */
function judgeWays(graph: Graph, edges: readonly Edge[]): void {
  const snapshot = graph.live.snapshot();
  const routing = new AccountRouting(snapshot);
  const nameOf = (index: number): string => snapshot.accounts[index]?.name ?? "?";
  for (const name of graph.taken.keys()) {
    const account = routing.account(graph.live.indexOf(name) as number);
    for (const subject of SUBJECTS) {
      const streams = account
        .streamTargetGroups(subject)
        .flatMap(({ importers, subject: seenAs }) =>
          importers.map((importer) => `${nameOf(importer)} ${seenAs}`),
        );
      const services = account
        .serviceImports(subject)
        .map((target) => `${nameOf(target.import.exporter)} ${target.subject}`);
      counts.copies += streams.length;
      counts.requests += services.length;
      const shown = `${name} ${subject}`;
      const wanted = targets(edges, "stream", name, subject);
      if (streams.sort().join() !== wanted.sort().join()) {
        throw new Error(`${shown}: copies to ${streams} instead of ${wanted}`);
      }
      const asked = targets(edges, "service", name, subject);
      if (services.sort().join() !== asked.sort().join()) {
        throw new Error(`${shown}: requests to ${services} instead of ${asked}`);
      }
    }
  }
}

test(
  `AC-50 to AC-56, AC-36: ${GRAPHS} random graphs of accounts, decided alike by a judge`,
  () => {
    const prng = createPrng(4526);
    for (let round = 0; round < GRAPHS; round += 1) {
      const startedAt = performance.now();
      const graph = new Graph(prng);
      expect(performance.now() - startedAt).toBeLessThan(GRAPH_MS_MAX);
      try {
        judgeGraph(graph);
      } catch (error) {
        throw new Error(`graph ${round}: ${(error as Error).message}`);
      }
    }
    expect(Math.min(...Object.values(counts))).toBeGreaterThan(GRAPHS / 10);
  },
  IS_DEEP ? 3_600_000 : 60_000,
);
