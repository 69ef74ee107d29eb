// A20, A65, A70, A71: the monitoring port, open and with a login.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { type AttackCase, type AttackWorld, scaled } from "../attack-case.ts";
import type { AttackedServer } from "../attacked-server.ts";
import { askMonitor, basicLogin, resetMonitor, sayToMonitor } from "../monitor-client.ts";
import { credentialsOf } from "../profiles.ts";
import { SECRET_MARK, secret } from "../secrets.ts";
import { waitFor } from "../waiting.ts";
import { check, refused, repeat } from "./expect.ts";

const MEGABYTE = 1024 * 1024;
const END = "\r\nHost: x\r\nConnection: close\r\n\r\n";
const PAGES = ["/", "/varz", "/healthz", "/metrics", "/connz?auth=1&subs=detail&state=all"];
const OTHER_PAGES = ["/subsz?subs=1", "/accountz?acc=A", "/accstatz?unused=1", "/recentz?auth=1"];
const INNER_PAGES = ["/stacksz", "/ipqueuesz?all=1", "/debug/vars", "/expvarz"];
const ALL_PAGES = [...PAGES, ...OTHER_PAGES, ...INNER_PAGES];

/** Requests as bytes, and what an open port answers; with a login it is never 200. */
function strangeRequests(): readonly (readonly [string, readonly number[]])[] {
  const long = "u".repeat(scaled(MEGABYTE, 10 * MEGABYTE));
  const many = "a=1&".repeat(scaled(100_000, 1_000_000));
  return [
    [`GET /varz?${long} HTTP/1.1${END}`, [431]],
    [`GET /${long} HTTP/1.1${END}`, [431]],
    [`GET /connz?${many} HTTP/1.1${END}`, [431]],
    [`GET /varz HTTP/1.1\r\nX: ${long}${END}`, [431]],
    [`${"G".repeat(100_000)} / HTTP/1.1${END}`, [400, 431]],
    [`CONNECT other.test:80 HTTP/1.1${END}`, [405]],
    [`TRACE /varz HTTP/1.1${END}`, [405]],
    [`DELETE /varz HTTP/1.1${END}`, [405]],
    [`GET /../../../etc/passwd HTTP/1.1${END}`, [400, 404]],
    [`GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1${END}`, [400, 404]],
    [`GET /..%2fvarz HTTP/1.1${END}`, [400, 404]],
    [`GET /varz%00 HTTP/1.1${END}`, [400, 404]],
    [`GET //varz HTTP/1.1${END}`, [301, 400, 404]],
    [`GET /__proto__ HTTP/1.1${END}`, [404]],
    [`GET /constructor HTTP/1.1${END}`, [404]],
    ["GET /varz HTTP/1.1\r\nConnection: close\r\n\r\n", [400]],
    ["GET /varz HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n", [200, 400]],
    [`GET /varz HTTP/9.9${END}`, [400, 505]],
    ['CONNECT {"user":"alice"}\r\nPING\r\n\r\n', [400]],
    ["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", [0, 400]],
    ["\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", [400]],
  ];
}

async function assertAnswers(server: AttackedServer, isLocked: boolean): Promise<void> {
  for (const [bytes, wanted] of strangeRequests()) {
    const answer = await sayToMonitor(server, bytes);
    const status = Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1] ?? 0);
    const isGood = wanted.includes(status) || (isLocked && status === 401);
    const what = JSON.stringify(bytes.slice(0, 50));
    check(isGood, `${what}: ${status} instead of ${wanted}`);
    check(!isLocked || status !== 200, `${what}: a page without a login`);
    check(!answer.includes("root:"), `${what}: a file of the machine`);
  }
  // Gone without a word: whoever asked for something that takes the connection over, too.
  for (const line of ["CONNECT a:1", "GET /", "GET /varz"]) {
    for (const header of ["X: y", "Connection: Upgrade\r\nUpgrade: h2c", "Expect: 100-continue"]) {
      await resetMonitor(server, `${line} HTTP/1.1\r\nHost: a\r\n${header}\r\n\r\n`);
    }
  }
  const { status } = await askMonitor(server, "/");
  check(status === (isLocked ? 401 : 200), `${status} after resets`);
}

/** A20 where nobody is asked who he is. */
async function openPort(world: AttackWorld): Promise<void> {
  const { server } = world;
  await assertAnswers(server, false);
  const huge = "9223372036854775807";
  for (const query of [
    `offset=${huge}&limit=${huge}`,
    "offset=-1&limit=-1",
    `limit=-${huge}`,
    "offset=9223372036854775808",
    "cid=18446744073709551615",
    "sort=constructor",
    "state=__proto__",
    "subs=%00&auth=%ff",
    "filter_subject=a..b&acc=%0d%0aX-Injected:%201",
    "callback=%3Cscript%3Ealert(1)%3C/script%3E",
  ]) {
    for (const page of ["/connz", "/subsz", "/recentz", "/accountz"]) {
      const { status, headers, text } = await askMonitor(server, `${page}?${query}`);
      const what = `${page}?${query}`;
      check(status === 200 || status === 400, `${what}: ${status}`);
      check(!text.includes("<script"), `${what}: a script came back: ${text.slice(0, 200)}`);
      check(headers["x-injected"] === undefined, `${what}: a header came back`);
      const type = String(headers["content-type"]);
      check(/^(application\/json|text\/plain)/.test(type), `${what}: of type ${type}`);
    }
  }
  // Another name of this address, as a page of another site would use it: nothing to write anyway.
  const rebound = await askMonitor(server, "/varz", { headers: { Host: "evil.test" } });
  check(rebound.headers["access-control-allow-credentials"] === undefined, "credentials for all");
}

/** A20: pages that are large, asked for by many at once, some of whom never read them. */
async function greedyReaders(world: AttackWorld): Promise<void> {
  const { server } = world;
  const before = server.residentBytes();
  const alice = await world.login(credentialsOf("alice"));
  const count = scaled(10_000, 200_000);
  for (let from = 0; from < count; from += 2_000) {
    const lines = repeat(2_000, (index) => `SUB greedy.${from + index} ${from + index}\r\n`);
    await alice.sendAll(lines.join(""));
  }
  check(await alice.ping(60_000), "no answer to subscriptions");
  const port = Number((await server.said(/Starting http monitor on \S+:(\d+)/, 1_000))[1]);
  const target = "/subsz?subs=1&limit=1000000";
  // Of several addresses: one alone may not hold that many connections.
  const stalled = repeat(scaled(8, 100), (index) => {
    const localAddress = `127.0.0.${30 + (index % 4)}`;
    const socket = connect({ port, host: "127.0.0.1", localAddress })
      .on("error", () => undefined)
      .pause();
    socket.write(`GET ${target} HTTP/1.1\r\nHost: x\r\n\r\n`);
    return socket;
  });
  try {
    // Each of these pages is some 20 MB in the full form: who asks for several at once there takes
    // more than an address may while others want room.
    for (let round = 0; round < scaled(1, 20); round += 1) {
      // The pages of those who came before are made first: a hundred of them, on one thread.
      const patience = { withinMs: scaled(20_000, 120_000) };
      const readers = repeat(scaled(5, 1), () => askMonitor(server, target, patience));
      for (const { status, text } of await Promise.all(readers)) {
        check(status === 200, `a large page: ${status}`);
        check(text.includes(`"greedy.${count - 1}"`), "a large page is not complete");
      }
    }
  } finally {
    for (const socket of stalled) socket.destroy();
  }
  const grown = server.residentBytes() - before;
  const budget = scaled(512, 1_024) * MEGABYTE;
  check(grown < budget, `${(grown / MEGABYTE).toFixed(0)} MB for readers of pages`);
}

/** A20 with a login: whatever is asked, nothing is told. */
async function closedPort(world: AttackWorld): Promise<void> {
  const { server } = world;
  await assertAnswers(server, true);
  const from = "127.0.0.20";
  for (const page of [...ALL_PAGES, "/nothing", "/varz?token=x"]) {
    const { status, text } = await askMonitor(server, page, { from });
    check(status === 401, `${page}: ${status} without a login`);
    check(text === "Unauthorized\n" || text === "Unauthorized", `${page}: said ${text}`);
  }
  // A page of another site under another name of this address: browsers send no login along.
  const rebound = await askMonitor(server, "/varz", { from, headers: { Host: "evil.test" } });
  check(rebound.status === 401, `another name of the address: ${rebound.status}`);
  const bearer = { Authorization: `Bearer ${secret("monitor-token")}` };
  const good = await askMonitor(server, "/varz", { from, headers: bearer });
  check(good.status === 200, `a good token: ${good.status}`);
}

/** A65. Everything that clients can choose, in great variety. */
async function manyLabels(world: AttackWorld): Promise<void> {
  const { server } = world;
  const alice = await world.login(credentialsOf("alice"));
  alice.send("PUB first 1\r\n.\r\n");
  await alice.ping();
  const linesOf = async (): Promise<string[]> =>
    (await askMonitor(server, "/metrics")).text.split("\n");
  // Lines that come with the first page, the first refused login and the first close.
  const wrong = await world.open();
  wrong.send(`CONNECT {"user":"x","pass":"${secret("x")}"}\r\nPING\r\n`);
  await refused(wrong, /Authorization Violation/);
  (await world.login(credentialsOf("alice"))).destroy();
  const isTold = async (): Promise<boolean> => {
    const text = (await linesOf()).join("\n");
    return text.includes("Client Closed") && text.includes("Authentication Failure");
  };
  await waitFor(isTold, 5_000, "both reasons in the metrics");
  // Names and labels; the values change.
  const shapesOf = (lines: readonly string[]): Set<string> =>
    new Set(lines.map((line) => line.replace(/ [\d.e+-]+$/, "")));
  const before = shapesOf(await linesOf());
  for (let index = 0; index < scaled(100, 2_000); index += 1) {
    const name = `label-attack-${index}"} 1\n# EOF\nweft_forged{a="`;
    const options = { name, lang: `label-attack-${index}`, version: `label-attack-${index}` };
    const client = await world.login(credentialsOf("alice"), options);
    client.send(`SUB label-attack.${index} 1\r\nPUB label-attack.${index}.x 1\r\n.\r\n`);
    await client.ping();
    client.destroy();
    const stranger = await world.open();
    stranger.send(`CONNECT {"user":"label-attack-${index}","pass":"x"}\r\nPING\r\n`);
    await refused(stranger, /Authorization Violation/);
    await askMonitor(server, `/label-attack-${index}?label-attack=${index}`);
  }
  const after = await linesOf();
  const added = [...shapesOf(after)].filter((shape) => !before.has(shape));
  check(added.length === 0, `new lines in the metrics: ${added.slice(0, 10).join("; ")}`);
  check(!after.join("\n").includes("label-attack"), "a metric is named by a client");
  check(after.filter((line) => line === "# EOF").length === 1, "metrics that end twice");
}

/** A71. Right and wrong secrets at both doors; then every page, whoever may read it. */
async function secretsOnPages(world: AttackWorld): Promise<void> {
  const { server } = world;
  for (const slot of ["pass", "auth_token", "jwt", "sig", "nkey"]) {
    const client = await world.open();
    client.send(`CONNECT {"user":"nobody","${slot}":"${secret(slot)}"}\r\nPING\r\n`);
    await refused(client, /Authorization Violation/, 10_000);
  }
  await world.login(credentialsOf("alice"), { name: "seen", auth_token: secret("beside") });
  const from = "127.0.0.71";
  const wrong = [
    basicLogin("plain", secret("guess")),
    basicLogin(secret("as-user"), "x"),
    { Authorization: `Bearer ${secret("guess")}` },
    { Authorization: `Digest ${secret("guess")}` },
  ];
  for (const headers of wrong) {
    const { status, text } = await askMonitor(server, `/varz?token=${secret("query")}`, {
      from,
      headers,
    });
    check(status === 401 && !text.includes(SECRET_MARK), `a wrong login: ${status}, ${text}`);
  }
  let said = "";
  for (const page of ALL_PAGES) {
    const headers = basicLogin("plain", secret("plain"));
    const { status, text } = await askMonitor(server, page, { from, headers });
    check(status === 200, `${page}: ${status}`);
    said += text;
  }
  check(said.includes('"name": "seen"'), "the pages show nobody");
  const at = said.indexOf(SECRET_MARK);
  check(at < 0, `a page tells a secret: ${said.slice(Math.max(0, at - 200), at + 60)}`);
  // The hashes are of passwords that may be weak: they are secrets too.
  check(!said.includes("$2b$"), "a page tells a hash");
}

/** A70. What is written for programs of this machine is not writable by others, or secret. */
async function filesOfTheServer(world: AttackWorld): Promise<void> {
  const { server } = world;
  const names = readdirSync(server.folder).filter((name) => name !== "server.conf");
  check(names.length >= 3, `log, pid file and ports file are not all there: ${names}`);
  for (const name of names) {
    const mode = statSync(join(server.folder, name)).mode & 0o777;
    check((mode & 0o022) === 0, `${name} has mode ${mode.toString(8)}`);
    check((mode & 0o111) === 0, `${name} can be executed: ${mode.toString(8)}`);
  }
  for (const name of ["cmdline", "environ"]) {
    const text = readFileSync(`/proc/${server.pid}/${name}`, "latin1");
    check(!text.includes(SECRET_MARK), `/proc/<pid>/${name} tells a secret`);
  }
}

export const MONITORING: readonly AttackCase[] = [
  { name: "A20: an open monitoring port", profile: "monitored", run: openPort },
  {
    name: "A20: large pages for many, some of whom do not read",
    profile: "monitored",
    fullWithinMs: 600_000,
    keptBytes: scaled(0, 1_024) * MEGABYTE,
    // The control thread takes a core of the machine meanwhile.
    bystanderFloorMs: 2_000,
    run: greedyReaders,
  },
  { name: "A20: a monitoring port with a login", profile: "locked", run: closedPort },
  { name: "A65: labels made of what clients say", profile: "monitored", run: manyLabels },
  {
    name: "A70: files and process tell others nothing",
    profile: "monitored",
    run: filesOfTheServer,
  },
  { name: "A71: secrets on pages and in their logins", profile: "locked", run: secretsOnPages },
];
