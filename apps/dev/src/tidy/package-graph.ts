// Which package may import which, and why not the others. Pure data; tidy.test.ts enforces it.

/** What a package may use beside itself. */
export interface PackageRule {
  /** Workspace packages that may be imported. */
  readonly packages: readonly string[];
  /** Pure packages take time, randomness and bytes as arguments and touch nothing outside. */
  readonly pure: boolean;
  /** `node:` modules and libraries that are allowed all the same. */
  readonly modules: readonly string[];
  /** Why the line is drawn here; printed with a violation. */
  readonly why: string;
}

const PURE = "pure: simulation and property tests must reach it without sockets, clocks or threads";

/** Package folder below `packages/` or `apps/` -> rule. */
export const PACKAGE_GRAPH: Readonly<Record<string, PackageRule>> = {
  base: {
    packages: [],
    pure: true,
    modules: [],
    why: "base imports nothing, everybody imports it",
  },
  protocol: { packages: ["base"], pure: true, modules: [], why: PURE },
  subjects: { packages: ["base"], pure: true, modules: [], why: PURE },
  shm: {
    packages: ["base"],
    pure: false,
    modules: ["node:worker_threads"],
    why: "the only package that allocates shared memory or rings doorbells",
  },
  net: {
    packages: ["base"],
    pure: false,
    modules: ["node:net", "node:tls", "node:crypto", "node:stream", "node:util"],
    why: "the only package with sockets; sessions know a Transport and nothing else",
  },
  logging: {
    packages: ["base"],
    pure: false,
    modules: [
      "node:fs",
      "node:path",
      "node:tty",
      "node:os",
      "node:stream",
      "node:net",
      "node:dgram",
      "node:child_process",
      "node:module",
      "pino",
    ],
    why: "the only package that writes log lines; it knows lines, never what they are about",
  },
  auth: { packages: ["base", "subjects"], pure: true, modules: ["node:crypto"], why: PURE },
  accounts: { packages: ["base", "subjects", "auth"], pure: true, modules: [], why: PURE },
  jwt: {
    packages: ["base", "subjects", "auth", "accounts"],
    pure: true,
    modules: ["node:crypto"],
    why: PURE,
  },
  callout: {
    packages: ["base", "auth", "jwt"],
    pure: true,
    modules: ["tweetnacl"],
    why: PURE,
  },
  config: {
    packages: ["base", "subjects", "auth", "accounts", "jwt", "resolver"],
    pure: true,
    modules: [],
    why: PURE,
  },
  control: { packages: ["base"], pure: true, modules: [], why: PURE },
  broker: {
    packages: ["base", "protocol", "subjects", "auth", "accounts", "control"],
    pure: true,
    modules: ["node:zlib"],
    why: "packs the events of traces: the same bytes for the same bytes; else as the others",
  },
  resolver: {
    packages: ["base", "auth"],
    pure: true,
    modules: ["node:crypto"],
    why: "accounts are kept by rules that a simulation can run with five nodes and no disk",
  },
  operator: {
    packages: ["base", "auth", "accounts", "jwt", "resolver"],
    pure: true,
    modules: ["node:crypto"],
    why: "accounts and users by tokens: one half for workers, one for control, both without a clock",
  },
  "jwt-store": {
    packages: ["base", "resolver"],
    pure: false,
    modules: ["node:fs", "node:fs/promises", "node:path", "node:http", "node:https", "node:tls"],
    why: "the files and the web requests of resolvers; what they mean is decided in resolver",
  },
  monitor: {
    packages: ["base", "protocol", "subjects", "auth", "accounts", "config", "broker"],
    pure: true,
    modules: ["node:crypto"],
    why: "pages are made of facts: requests by HTTP and by message get the same",
  },
  runtime: {
    packages: [
      "base",
      "protocol",
      "subjects",
      "shm",
      "auth",
      "accounts",
      "control",
      "config",
      "logging",
      "net",
      "broker",
      "callout",
      "jwt",
      "monitor",
      "resolver",
      "operator",
      "jwt-store",
    ],
    pure: false,
    modules: ["node:", "piscina", "bcryptjs", "sodium-native"],
    why: "drivers: threads, files, pools; decisions belong into the cores",
  },
  server: {
    packages: ["base", "auth", "accounts", "config", "logging", "runtime"],
    pure: false,
    modules: ["node:"],
    why: "the embeddable product: starts the runtime and nothing else",
  },
  sim: {
    packages: ["base", "protocol", "subjects", "auth", "accounts", "broker", "shm"],
    pure: false,
    modules: [],
    why: "a world in one thread: rings over plain memory, never sockets or real threads",
  },
};

/** Words that a pure package may not contain, with the reason. */
export const IMPURE_WORDS: readonly (readonly [RegExp, string])[] = [
  [/\bDate\.now\b|\bnew Date\(\)/, "time is an argument"],
  [/\bperformance\./, "time is an argument"],
  [/\bMath\.random\b/, "randomness is an argument"],
  [/\bset(?:Timeout|Interval|Immediate)\b|\bqueueMicrotask\b/, "deadlines are data"],
  [/\bprocess\./, "the process belongs to the drivers"],
  [/\bconsole\./, "log through the Log port"],
  [/\bAtomics\.(?:wait|waitAsync|notify)\b/, "only shm waits"],
  [/\bnew SharedArrayBuffer\b/, "only shm allocates shared memory"],
  [/\basync\b|\bawait\b|\bnew Promise\b/, "cores are synchronous"],
];
