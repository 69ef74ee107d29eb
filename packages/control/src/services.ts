// The subjects that the server itself answers in the system account, and what each asks for (SY-20
// to SY-36). Control thread; pure.
import { ENDPOINT_NAMES, type EndpointName } from "./endpoints.ts";

/** What somebody asks for, told by the subject alone. */
export type Service =
  | { readonly kind: "page"; readonly name: EndpointName }
  | { readonly kind: "id" }
  | { readonly kind: "statsz" }
  | { readonly kind: "profile" }
  | { readonly kind: "account-page"; readonly name: "SUBSZ" | "CONNZ" | "LEAFZ" | "JSZ" }
  | { readonly kind: "account-info" }
  | { readonly kind: "account-statz" }
  | { readonly kind: "account-connections" }
  | { readonly kind: "accounts-statz" }
  | { readonly kind: "user-info" }
  | { readonly kind: "subscribers" }
  | { readonly kind: "subscribers-sum" }
  | { readonly kind: "reload" }
  | { readonly kind: "kick" }
  | { readonly kind: "lame-duck" }
  /** SY-37. Answered by whoever keeps the claims of accounts. */
  | { readonly kind: "claims" };

export interface ServedSubject {
  readonly filter: string;
  readonly service: Service;
}

const ACCOUNT_PAGES = ["SUBSZ", "CONNZ", "LEAFZ", "JSZ"] as const;

/** Everything that one server answers. */
export function servedSubjects(serverId: string): ServedSubject[] {
  const served: ServedSubject[] = [];
  const add = (filter: string, service: Service): void => {
    served.push({ filter: `$SYS.${filter}`, service });
  };
  const own = `REQ.SERVER.${serverId}`;
  const everybody = (name: string, service: Service): void => {
    add(`${own}.${name}`, service);
    add(`REQ.SERVER.PING.${name}`, service);
  };
  add("REQ.SERVER.PING", { kind: "statsz" });
  everybody("IDZ", { kind: "id" });
  everybody("STATSZ", { kind: "statsz" });
  everybody("PROFILEZ", { kind: "profile" });
  for (const name of ENDPOINT_NAMES) everybody(name, { kind: "page", name });
  add(`${own}.RELOAD`, { kind: "reload" });
  add(`${own}.KICK`, { kind: "kick" });
  add(`${own}.LDM`, { kind: "lame-duck" });
  for (const name of ACCOUNT_PAGES) add(`REQ.ACCOUNT.*.${name}`, { kind: "account-page", name });
  add("REQ.ACCOUNT.*.INFO", { kind: "account-info" });
  add("REQ.ACCOUNT.*.STATZ", { kind: "account-statz" });
  add("REQ.ACCOUNT.*.CONNS", { kind: "account-connections" });
  add("REQ.ACCOUNT.PING.STATZ", { kind: "accounts-statz" });
  add("REQ.ACCOUNT.NSUBS", { kind: "subscribers-sum" });
  add("REQ.USER.*.INFO", { kind: "user-info" });
  add("DEBUG.SUBSCRIBERS", { kind: "subscribers" });
  return served;
}

/** Subjects of events. Account names are byte strings. */
export const EVENT_SUBJECTS = {
  connect: (account: string) => `$SYS.ACCOUNT.${account}.CONNECT`,
  disconnect: (account: string) => `$SYS.ACCOUNT.${account}.DISCONNECT`,
  connections: (account: string) => `$SYS.ACCOUNT.${account}.SERVER.CONNS`,
  /** As it was called once; both are published. */
  connectionsOld: (account: string) => `$SYS.SERVER.ACCOUNT.${account}.CONNS`,
  authError: (serverId: string) => `$SYS.SERVER.${serverId}.CLIENT.AUTH.ERR`,
  /** In the account itself. */
  accountAuthError: "$SYS.ACCOUNT.CLIENT.AUTH.ERR",
  statsz: (serverId: string) => `$SYS.SERVER.${serverId}.STATSZ`,
  /** Ours (GP-5, GP-13). */
  accountClaims: (account: string, what: string) =>
    `$SYS.ACCOUNT.${account}.CLAIMS.${what.toUpperCase()}`,
  /** Ours (GP-5). */
  reloaded: (serverId: string) => `$SYS.SERVER.${serverId}.RELOADED`,
  shutdown: (serverId: string) => `$SYS.SERVER.${serverId}.SHUTDOWN`,
  lameDuck: (serverId: string) => `$SYS.SERVER.${serverId}.LAMEDUCK`,
} as const;
