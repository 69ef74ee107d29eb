// A reload as a simple twin sees it: who stays, which subscriptions are left, who gets a message.
// Test support. Must stay true: it knows nothing of threads, plans and indexes.
import type { AccountSpec } from "@weft/accounts";
import type { UserSpec } from "@weft/auth";
import type { Prng } from "@weft/base";
import { matches } from "@weft/subjects";
import type { SnapshotOptions } from "./snapshot.ts";

const ACCOUNTS = ["A", "B", "C"] as const;
const USERS = ["u0", "u1", "u2", "u3", "u4"] as const;
const PASSWORDS = ["p", "q"] as const;
export const SUBJECTS = ["s.0", "s.1", "s.2"] as const;
export const FILTERS = [...SUBJECTS, "s.*", ">", "imp.0", "imp.1", "imp.2"] as const;

interface ModelUser {
  readonly name: string;
  readonly password: string;
  readonly account: string;
  /** Undefined = everything. */
  readonly publish: readonly string[] | undefined;
  readonly subscribe: readonly string[] | undefined;
}

interface ModelImport {
  readonly importer: string;
  readonly exporter: string;
  readonly place: number;
}

/** One random configuration. */
export interface ModelConfig {
  readonly users: ReadonlyMap<string, ModelUser>;
  readonly accounts: readonly string[];
  readonly imports: readonly ModelImport[];
}

/** One client, as far as the twin knows. */
export interface ModelClient {
  readonly user: ModelUser;
  /** Filters by sid. */
  readonly subscriptions: ReadonlyMap<string, string>;
}

function pick<T>(prng: Prng, from: readonly T[]): T {
  return from[prng.below(from.length)] as T;
}

export function drawConfig(prng: Prng): ModelConfig {
  const accounts = ACCOUNTS.filter((name) => name === "A" || prng.below(4) > 0);
  const users = new Map<string, ModelUser>();
  for (const name of USERS) {
    if (name !== "u0" && prng.below(5) === 0) continue;
    users.set(name, {
      name,
      password: pick(prng, prng.below(4) === 0 ? PASSWORDS : PASSWORDS.slice(0, 1)),
      // Users have a home that they seldom leave.
      account: accounts[(prng.below(6) === 0 ? 1 : 0) + USERS.indexOf(name)] ?? "A",
      publish: drawRights(prng),
      subscribe: drawRights(prng),
    });
  }
  const imports: ModelImport[] = [];
  for (const importer of accounts) {
    for (const exporter of accounts) {
      const place = prng.below(SUBJECTS.length);
      if (importer !== exporter && prng.below(2) === 0) imports.push({ importer, exporter, place });
    }
  }
  return { users, accounts, imports };
}

function drawRights(prng: Prng): readonly string[] | undefined {
  if (prng.below(2) === 0) return undefined;
  return [...SUBJECTS, "s.>", "imp.0"].filter(() => prng.below(3) > 0);
}

export function optionsOf({ users, accounts, imports }: ModelConfig): SnapshotOptions {
  const specs = accounts.map((name): AccountSpec => {
    const own = imports.filter(({ importer }) => importer === name);
    return {
      name,
      exports: [{ kind: "stream", subject: "s.*" }],
      imports: own.map(({ exporter, place }) => ({
        kind: "stream",
        account: exporter,
        subject: `s.${place}`,
        to: `imp.${place}`,
      })),
    };
  });
  const userSpecs = [...users.values()].map(
    (user): UserSpec => ({
      user: user.name,
      password: user.password,
      account: user.account,
      permissions: { publish: rules(user.publish), subscribe: rules(user.subscribe) },
    }),
  );
  return { accounts: specs, users: userSpecs };
}

function rules(allow: readonly string[] | undefined) {
  return allow === undefined ? undefined : { allow };
}

export function maySubscribe({ subscribe }: ModelUser, filter: string): boolean {
  if (subscribe === undefined) return true;
  if (filter === ">") return false;
  return subscribe.includes(filter) || (filter.startsWith("s.") && subscribe.includes("s.>"));
}

export function mayPublish({ publish }: ModelUser, subject: string): boolean {
  return publish === undefined || publish.includes(subject) || publish.includes("s.>");
}

/** What a reload makes of a client; undefined = it is gone. */
export function followed(client: ModelClient, after: ModelConfig): ModelClient | undefined {
  const user = after.users.get(client.user.name);
  if (user === undefined || user.account !== client.user.account) return undefined;
  if (user.password !== client.user.password) return undefined;
  const left = [...client.subscriptions].filter(([, filter]) => maySubscribe(user, filter));
  return { user, subscriptions: new Map(left) };
}

/** Subjects under which a message of `publisher` comes to `receiver`, by sid, in text form, sorted. */
export function deliveries(
  { imports }: ModelConfig,
  publisher: ModelUser,
  subject: string,
  receiver: ModelClient,
): string[] {
  if (!mayPublish(publisher, subject)) return [];
  const { account } = receiver.user;
  const arriving = account === publisher.account ? [subject] : [];
  for (const { importer, exporter, place } of imports) {
    const isFrom = exporter === publisher.account && importer === account;
    if (isFrom && subject === `s.${place}`) arriving.push(`imp.${place}`);
  }
  const found: string[] = [];
  for (const [sid, filter] of receiver.subscriptions) {
    for (const name of arriving) if (matches(filter, name)) found.push(`${name} ${sid}`);
  }
  return found.sort();
}
