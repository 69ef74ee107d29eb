// A29 to A31 and A64 at the two doors with passwords: clients' logins and the monitoring port.
import { type AttackCase, type AttackWorld, scaled } from "../attack-case.ts";
import { askMonitor, basicLogin } from "../monitor-client.ts";
import { credentialsOf } from "../profiles.ts";
import type { RawClient } from "../raw-client.ts";
import { secret } from "../secrets.ts";
import { check, refused, repeat, timed } from "./expect.ts";

/** Bytes of a password that bcrypt looks at. */
const BCRYPT_BYTES = 72;

async function attempt(world: AttackWorld, user: string, pass: string): Promise<RawClient> {
  const client = await world.open();
  await client.sees(/^INFO /);
  client.send(`CONNECT ${JSON.stringify({ user, pass, verbose: false })}\r\nPING\r\n`);
  return client;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

/**
 * A29. Wrong passwords of a user with a hash, of one with a plain password, and of nobody take as
 * long; so do one that begins well and one that does not.
 */
async function loginTimes(world: AttackWorld): Promise<void> {
  const guesses: readonly (readonly [string, string])[] = [
    ["hashed", secret("guess")],
    ["hashed", `${secret("hashed")}x`],
    ["alice", secret("guess")],
    ["alice", `${secret("alice")}x`],
    ["nobody", secret("guess")],
  ];
  const times: number[][] = guesses.map(() => []);
  // In turns, so that what the machine does meanwhile happens to all of them.
  for (let round = 0; round < scaled(15, 1_000); round += 1) {
    for (const [place, [user, pass]] of guesses.entries()) {
      const client = await world.open();
      await client.sees(/^INFO /);
      const answered = new Promise((resolve) => client.socket.once("data", resolve));
      const tookMs = await timed(async () => {
        client.send(`CONNECT ${JSON.stringify({ user, pass })}\r\nPING\r\n`);
        await answered;
      });
      await refused(client, /Authorization Violation/);
      times[place]?.push(tookMs);
    }
  }
  const medians = times.map(median);
  const shown = guesses.map(([user, pass], index) => {
    return `${user} ${pass.length}: ${medians[index]?.toFixed(1)} ms`;
  });
  const spread = Math.max(...medians) / Math.min(...medians);
  check(spread < scaled(2, 1.2), `the time of a refusal tells who exists: ${shown.join(", ")}`);
}

/** A30. Very many logins that cost a hash, and those that cost none beside them. */
async function hashFlood(world: AttackWorld): Promise<void> {
  const count = scaled(80, 1_000);
  const user = scaled(0, 1) === 1 ? "costly" : "hashed";
  const flood = await Promise.all(
    repeat(count, (index) => attempt(world, index % 2 === 0 ? user : "nobody", secret("guess"))),
  );
  const tookMs = await timed(() => world.login(credentialsOf("alice")));
  check(tookMs < 2_000, `a login without a hash waited ${tookMs.toFixed(0)} ms`);
  // Those whose turn does not come in the time for a login read that.
  const why = /Authorization Violation|Authentication Timeout/;
  await Promise.all(flood.map((client) => refused(client, why, 30_000)));
  await world.login(credentialsOf("hashed"));
}

/** A31. Passwords that bcrypt cuts, that hold a NUL, and that are no text; as Go compares them. */
async function strangePasswords(world: AttackWorld): Promise<void> {
  const long = `${secret("long")}-`.padEnd(BCRYPT_BYTES, "l");
  const rows: readonly (readonly [string, string, boolean])[] = [
    ["long", long, true],
    ["long", `${long}and more`, true],
    ["long", `${long.slice(0, -1)}x`, false],
    ["long", long.slice(0, -1), false],
    ["nul", `${secret("nul")}\\u0000b`, true],
    ["nul", `${secret("nul")}\\u0000c`, false],
    ["nul", secret("nul"), false],
    ["bytes", `${secret("bytes")}\xff`, true],
    ["bytes", `${secret("bytes")}\\ufffd`, true],
    ["bytes", `${secret("bytes")}\\ud800`, true],
    ["bytes", secret("bytes"), false],
    ["hashed", "", false],
    ["hashed", "p".repeat(3_900), false],
  ];
  for (const [user, pass, isGood] of rows) {
    const client = await world.open();
    client.send(`CONNECT {"verbose":false,"user":"${user}","pass":"${pass}"}\r\nPING\r\n`);
    await client.sees(/PONG|-ERR/);
    const isServed = client.received.includes("PONG");
    const shown = `${user} with ${pass.length} characters, ending ${JSON.stringify(pass.slice(-8))}`;
    check(isServed === isGood, `${shown}: ${isServed ? "served" : "refused"}`);
    client.destroy();
  }
}

/** A30, A64. Who guesses at the monitoring port waits; others, and clients, do not. */
async function monitorGuesses(world: AttackWorld): Promise<void> {
  const { server } = world;
  const statuses = new Map<number, number>();
  const from = "127.0.0.30";
  const guess = async (index: number): Promise<void> => {
    const user = ["operator", "plain", "nobody"][index % 3] as string;
    const headers = basicLogin(user, secret(`guess-${index}`));
    const { status } = await askMonitor(server, "/varz", { from, headers });
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
  };
  const count = scaled(60, 1_000);
  for (let at = 0; at < count; at += 20) {
    await Promise.all(repeat(20, (index) => guess(at + index)));
  }
  const denied = statuses.get(401) ?? 0;
  const waiting = (statuses.get(429) ?? 0) + (statuses.get(503) ?? 0);
  const shown = JSON.stringify([...statuses]);
  check(denied + waiting === count && denied > 0, `guesses were answered ${shown}`);
  // Ten, and those that were being looked at when the tenth failed.
  check(denied <= 10 + 20, `${denied} guesses were looked at: ${shown}`);
  const headers = basicLogin("operator", secret("operator"));
  const late = await askMonitor(server, "/varz", { from, headers });
  check(late.status === 429, `who has guessed is served at once: ${late.status}`);
  const other = await askMonitor(server, "/varz", { from: "127.0.0.31", headers });
  check(other.status === 200, `somebody else has to wait, too: ${other.status}`);
  await world.login(credentialsOf("hashed"));
}

export const LOGINS: readonly AttackCase[] = [
  {
    name: "A29: the time of a refused login",
    profile: "locked",
    fullWithinMs: 600_000,
    run: loginTimes,
  },
  {
    name: "A30: a flood of logins with hashes",
    profile: "locked",
    fullWithinMs: 300_000,
    bystanderFloorMs: 1_000,
    run: hashFlood,
  },
  { name: "A31: passwords of strange bytes", profile: "locked", run: strangePasswords },
  { name: "A30, A64: guesses at the monitoring port", profile: "locked", run: monitorGuesses },
];
