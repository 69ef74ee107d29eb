// A70, A71 by way of the system account: nothing that it tells or answers holds a secret, no request
// opens a way into the process, and a flood of them is paid for by who sends it.
import { readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { join } from "node:path";
import { type AttackCase, type AttackWorld, scaled } from "../attack-case.ts";
import { credentialsOf } from "../profiles.ts";
import type { RawClient } from "../raw-client.ts";
import { SECRET_MARK, secret } from "../secrets.ts";
import { waitFor } from "../waiting.ts";
import { check, refused, repeat } from "./expect.ts";

const PAGES = ["VARZ", "SUBSZ", "CONNZ", "ROUTEZ", "GATEWAYZ", "LEAFZ", "ACCOUNTZ", "JSZ"];
const OTHER_PAGES = ["HEALTHZ", "EXPVARZ", "IPQUEUESZ", "RAFTZ", "IDZ", "STATSZ"];
const ACCOUNT_PAGES = ["INFO", "STATZ", "CONNS", "CONNZ", "SUBSZ", "LEAFZ", "JSZ"];
const ACCOUNTS = ["A", "B", "SYS", "WATCH", "CAPPED", "$G", "NOBODY"];
/** Bodies that ask for as much as can be asked for. */
const GREEDY = JSON.stringify({
  auth: true,
  subscriptions: true,
  subscriptions_detail: true,
  state: 2,
  include_unused: true,
  details: true,
  all: true,
});
const SLOTS = ["pass", "auth_token", "jwt", "sig", "nkey"] as const;

function serverIdOf(client: RawClient): string {
  return /"server_id":"([^"]+)"/.exec(client.received)?.[1] ?? "";
}

function ask(client: RawClient, subject: string, body: string, reply = "answers"): void {
  client.send(`PUB ${subject} ${reply} ${body.length}\r\n${body}\r\n`);
}

/** A71. Logins with a secret in every slot, while the system account listens and asks. */
async function secretsInAnswers(world: AttackWorld): Promise<void> {
  const system = await world.login(credentialsOf("system"));
  const id = serverIdOf(system);
  system.send("SUB $SYS.> 1\r\nSUB answers 2\r\n");
  await system.ping();
  for (const slot of SLOTS) {
    for (const user of ["alice", "nobody"]) {
      const client = await world.open();
      client.send(`CONNECT {"user":"${user}","${slot}":"${secret(slot)}"}\r\nPING\r\n`);
      await refused(client, /Authorization Violation/, 3_000);
    }
  }
  const alice = await world.login(credentialsOf("alice"));
  alice.send("SUB some.thing 1\r\n");
  await alice.ping();
  for (const page of [...PAGES, ...OTHER_PAGES]) {
    ask(system, `$SYS.REQ.SERVER.${id}.${page}`, GREEDY);
    ask(system, `$SYS.REQ.SERVER.PING.${page}`, "");
  }
  for (const account of ACCOUNTS) {
    for (const page of ACCOUNT_PAGES) ask(system, `$SYS.REQ.ACCOUNT.${account}.${page}`, GREEDY);
  }
  ask(system, "$SYS.REQ.ACCOUNT.PING.STATZ", GREEDY);
  ask(system, "$SYS.REQ.USER.INFO", "");
  await waitFor(() => system.received.includes("CLIENT.AUTH.ERR"), 5_000);
  await waitFor(() => answersOf(system) >= 2 * (PAGES.length + OTHER_PAGES.length) + 20, 10_000);
  const said = system
    .messages()
    .map(({ payload }) => payload)
    .join("\n");
  check(said.includes('"reason":"Authentication Failure"'), "no refused login was told");
  check(!said.includes(SECRET_MARK), secretIn(said));
}

function secretIn(said: string): string {
  const at = said.indexOf(SECRET_MARK);
  return `a secret was told: ${said.slice(Math.max(0, at - 300), at + 50)}`;
}

/** Counted in the text: parsing all of it each time would be what takes the time. */
function answersOf(client: RawClient, subject = "answers"): number {
  return client.received.split(`MSG ${subject} 2 `).length - 1;
}

/** A70. No way into the process by a request or a signal; files are for their owner. */
async function noWayIn(world: AttackWorld): Promise<void> {
  const system = await world.login(credentialsOf("system"));
  const id = serverIdOf(system);
  const { server } = world;
  const listeners = listenersOf(server.pid);
  // Late answers to an earlier case are not counted.
  const reply = "profiles";
  system.send(`SUB ${reply} 2\r\n`);
  const bodies = ['{"name":"heap"}', '{"name":"goroutine","debug":2}', '{"name":"../x"}', "{}"];
  for (const duration of [50_000_000, 16_000_000_000]) {
    bodies.push(JSON.stringify({ name: "cpu", duration }));
  }
  for (const body of bodies) ask(system, `$SYS.REQ.SERVER.${id}.PROFILEZ`, body, reply);
  server.signal("SIGUSR1");
  await waitFor(() => answersOf(system, reply) === bodies.length, 10_000);
  for (const { payload } of system.messages()) {
    const { data } = JSON.parse(payload) as { data: { profile: string | null } };
    const profile = Buffer.from(data.profile ?? "", "base64").toString("latin1");
    check(!profile.includes(SECRET_MARK), "a profile holds a secret");
  }
  check(listenersOf(server.pid) === listeners, "a request or a signal opened a port");
  const log = statSync(join(server.folder, "server.log"));
  check((log.mode & 0o077 & ~0o040) === 0, `the log has mode ${(log.mode & 0o777).toString(8)}`);
}

/** Listening TCP sockets of the process: the tables name those of all processes. */
function listenersOf(pid: number): number {
  const LISTEN = "0A";
  const own = new Set(readdirSync(`/proc/${pid}/fd`).map((name) => linkOf(pid, name)));
  const rows = ["tcp", "tcp6"].flatMap((table) =>
    readFileSync(`/proc/${pid}/net/${table}`, "utf8").trim().split("\n").slice(1),
  );
  return rows.filter((row) => {
    const fields = row.trim().split(/\s+/);
    return fields[3] === LISTEN && own.has(`socket:[${fields[9]}]`);
  }).length;
}

function linkOf(pid: number, descriptor: string): string {
  try {
    return readlinkSync(`/proc/${pid}/fd/${descriptor}`);
  } catch {
    return "";
  }
}

/** Requests as fast as they can be sent, by an ordinary user and by one of the system account. */
async function floodOfRequests(world: AttackWorld): Promise<void> {
  const count = scaled(1_000, 5_000);
  const flooders = [
    { client: await world.login(credentialsOf("alice")), subject: "$SYS.REQ.ACCOUNT.PING.CONNZ" },
    { client: await world.login(credentialsOf("alice")), subject: "$SYS.REQ.USER.INFO" },
    { client: await world.login(credentialsOf("system")), subject: "$SYS.REQ.SERVER.PING.VARZ" },
  ];
  const long = "x".repeat(100_000);
  for (const [place, { client, subject }] of flooders.entries()) {
    const reply = `flood.${place}`;
    client.send(`SUB ${reply} 2\r\nPUB ${subject} ${reply} ${long.length}\r\n${long}\r\n`);
    const request = `PUB ${subject} ${reply} 2\r\n{}\r\n`;
    await client.sendAll(repeat(count, () => request).join(""));
  }
  for (const [place, { client }] of flooders.entries()) {
    check(await client.ping(30_000), "a flooder is not served any more");
    const got = (): number => answersOf(client, `flood.${place}`);
    await waitFor(() => got() === count + 1, 30_000).catch(() => {
      throw new Error(`flooder ${place} got ${got()} answers to ${count + 1} requests`);
    });
    client.forget();
  }
}

export const SYSTEM_ACCOUNT: readonly AttackCase[] = [
  {
    name: "A71: secrets of logins in events and answers of the system account",
    profile: "talkative",
    run: secretsInAnswers,
  },
  {
    name: "A70: profiles, signals and files give nothing away",
    profile: "talkative",
    run: noWayIn,
  },
  {
    name: "A59: floods of requests to the system account",
    profile: "guarded",
    bystanderFloorMs: 1_000,
    run: floodOfRequests,
  },
];
