// A01 to A11: what somebody without a login can do to the server.
import { connect as connectTls } from "node:tls";
import { type AttackCase, type AttackWorld, IS_FULL, scaled } from "../attack-case.ts";
import { credentialsOf } from "../profiles.ts";
import type { RawClient } from "../raw-client.ts";
import { delay } from "../waiting.ts";
import { check, refused, repeat, timed } from "./expect.ts";

/** Of the profiles; the reference counts it from the accept, not from the last byte. */
const AUTH_TIMEOUT_MS = 1_000;
const SLACK_MS = 2_500;
const MEGABYTE = 1024 * 1024;

async function idleConnections(world: AttackWorld): Promise<void> {
  const count = scaled(400, 10_000);
  const idle = await world.openMany(count);
  const acceptMs = await timed(async () => {
    const client = await world.open();
    check(await client.sees(/^INFO /), "no INFO beside idle connections");
  });
  // Ten thousand of them keep the attacker itself busy for a moment, too.
  check(
    acceptMs < scaled(1_000, 3_000),
    `a new connection waited ${acceptMs.toFixed(0)} ms for its INFO`,
  );
  await Promise.all(idle.map((client) => refused(client, /Authentication Timeout/, SLACK_MS * 4)));
}

async function slowLogin(world: AttackWorld): Promise<void> {
  const client = await world.open();
  const startedAt = performance.now();
  for (const character of `CONNECT {"user":"alice","pass":"${"x".repeat(300)}`) {
    if (client.isClosed) break;
    client.send(character);
    await delay(20);
    if (performance.now() - startedAt > AUTH_TIMEOUT_MS + SLACK_MS) break;
  }
  await refused(client, /Authentication Timeout/, 500);
  const tookMs = performance.now() - startedAt;
  check(tookMs > AUTH_TIMEOUT_MS * 0.9, `cut after ${tookMs.toFixed(0)} ms already`);
}

/** Sends pieces until the server has had enough; true if it ended before everything was sent. */
async function sendUntilClosed(client: RawClient, piece: Buffer, total: number): Promise<number> {
  let sent = 0;
  while (sent < total && !client.isClosed) {
    await client.sendAll(piece);
    sent += piece.length;
    await delay(0);
  }
  return sent;
}

async function endlessLines(world: AttackWorld): Promise<void> {
  const before = world.server.residentBytes();
  // Exactly one byte too many, then much too many; never an end of line.
  const short = await world.open();
  short.send(`PUB ${"a".repeat(4096)}`);
  await refused(short, /maximum control line exceeded|Authorization Violation/i);
  for (const verb of ["CONNECT ", "PUB ", "SUB ", "A"]) {
    const client = await world.open();
    client.send(verb);
    const piece = Buffer.alloc(64 * 1024, "x");
    const total = scaled(8 * MEGABYTE, 1024 * MEGABYTE);
    const sent = await sendUntilClosed(client, piece, total);
    check(sent < total, `${verb}: took ${sent} bytes without an end of line`);
    await refused(client, /-ERR|^$/);
  }
  const grown = world.server.residentBytes() - before;
  check(grown < 64 * MEGABYTE, `${grown} bytes more memory for lines without an end`);
}

async function hugeConnect(world: AttackWorld): Promise<void> {
  const before = world.server.residentBytes();
  for (const bytes of [MEGABYTE, scaled(4 * MEGABYTE, 100 * MEGABYTE)]) {
    const client = await world.open();
    client.send('CONNECT {"name":"');
    const sent = await sendUntilClosed(client, Buffer.alloc(256 * 1024, "n"), bytes);
    if (!client.isClosed) client.send('"}\r\n');
    await refused(client, /maximum control line exceeded|^$/i);
    check(sent <= bytes, "more was taken than was sent");
  }
  const grown = world.server.residentBytes() - before;
  check(grown < 32 * MEGABYTE, `${grown} bytes more memory for a CONNECT that is too long`);
}

/**
 * CONNECT bodies that are hard to read: as large as this profile lets through, and one that is not.
 */
function hardBodies(): readonly string[] {
  const deep = 30_000;
  const many = 5_500;
  return [
    `{"name":${"[".repeat(deep)}${"]".repeat(deep)}}`,
    `${'{"a":'.repeat(deep)}1${"}".repeat(deep)}`,
    `{${repeat(many, (index) => `"k${index}":1`).join(",")}}`,
    `{${repeat(many, () => '"user":"nobody"').join(",")}}`,
    `{"protocol":${"9".repeat(60_000)}}`,
    `{"protocol":1e${"9".repeat(1_000)}}`,
    '{"name":"\\ud800","user":"\\udfff\\ud800"}',
    `{"name":"${"\\u0000".repeat(1_000)}"}`,
    `{"user":${"[".repeat(2 * deep)}`,
    `{"user":${"[".repeat(3_000_000)}`,
    '{"user":null,"pass":true,"verbose":"yes","protocol":[1]}',
    "",
    "[]",
    "null",
    '"text"',
    "{",
    '{"user"}',
    `{"name":"\xff\xfe\xc0\x80"}`,
  ];
}

async function hardConnect(world: AttackWorld): Promise<void> {
  for (const body of hardBodies()) {
    const client = await world.open();
    await client.sees(/^INFO /);
    await client.sendAll(`CONNECT ${body}\r\nPING\r\n`);
    await refused(client, /Authorization Violation|maximum control line exceeded|^$/, 8_000);
  }
}

async function pollutedKeys(world: AttackWorld): Promise<void> {
  const good = JSON.stringify(credentialsOf("alice"));
  const bodies = [
    `{"__proto__":${good}}`,
    `{"constructor":{"prototype":${good}}}`,
    `{"toString":"x","valueOf":"y","hasOwnProperty":1,"__proto__":{"polluted":true,"user":"alice"}}`,
  ];
  for (const body of bodies) {
    const client = await world.open();
    client.send(`CONNECT ${body}\r\nPING\r\n`);
    await refused(client, /Authorization Violation/);
  }
  // Were a prototype polluted, somebody without credentials would be let in now.
  const client = await world.open();
  client.send("CONNECT {}\r\nPING\r\n");
  await refused(client, /Authorization Violation/);
  await world.login(credentialsOf("alice"));
}

/** Every verb of every dialect as the very first thing said. */
const FIRST_LINES = [
  "PUB guest.x 2\r\nhi\r\n",
  "PUB secret.x 2\r\nhi\r\n",
  "SUB > 1\r\n",
  "UNSUB 1\r\n",
  "HPUB guest.x 12 14\r\nNATS/1.0\r\n\r\nhi\r\n",
  "MSG guest.x 1 2\r\nhi\r\n",
  "HMSG guest.x 1 12 14\r\nNATS/1.0\r\n\r\nhi\r\n",
  "RMSG A guest.x 2\r\nhi\r\n",
  "RS+ A guest.x\r\n",
  "RS- A guest.x\r\n",
  "LS+ guest.x\r\n",
  "LMSG guest.x 2\r\nhi\r\n",
  "A+ A\r\n",
  "A- A\r\n",
  'INFO {"server_id":"x"}\r\n',
  "+OK\r\n",
  "-ERR 'x'\r\n",
  "PONG\r\n",
  "\r\n",
  "\x16\x03\x01\x00\x05hello",
  "GET / HTTP/1.1\r\n\r\n",
  "\x10\x0c\x00\x04MQTT\x04\x02\x00\x3c\x00\x00",
];

async function firstLines(world: AttackWorld): Promise<void> {
  const watcher = await world.login(credentialsOf("alice"));
  watcher.send("SUB > 1\r\n");
  await watcher.ping();
  for (const line of FIRST_LINES) {
    const client = await world.open();
    client.send(line);
    await refused(client, /-ERR '(Authorization Violation|Unknown Protocol|.*)'|^$/, 4_000);
  }
  await watcher.ping();
  check(watcher.messages().length === 0, "a message of nobody was delivered");
}

async function guestFirstLines(world: AttackWorld): Promise<void> {
  const watcher = await world.login(credentialsOf("alice"));
  watcher.send("SUB > 1\r\n");
  await watcher.ping();
  const guest = await world.open();
  guest.send("PUB secret.x 2\r\nhi\r\nPUB guest.ok 2\r\nok\r\nSUB secret.> 1\r\nSUB guest.> 2\r\n");
  check(await guest.ping(), "the guest is not served");
  const errors = guest.errors().join();
  check(/for Publish to "secret.x"/.test(errors), `publish without a right: ${errors}`);
  check(/for Subscription to "secret.>"/.test(errors), `subscription without a right: ${errors}`);
  for (const line of FIRST_LINES.filter((text) => /^(MSG|HMSG|RMSG|RS|LS|LMSG|A[+-])/.test(text))) {
    const client = await world.open();
    client.send(line);
    await refused(client, /-ERR|^$/, 4_000);
  }
  // Wrong credentials do not make a guest.
  const wrong = await world.open();
  wrong.send('CONNECT {"user":"alice","pass":"wrong"}\r\nPING\r\n');
  await refused(wrong, /Authorization Violation/);
  await watcher.ping();
  const subjects = watcher.messages().map(({ subject }) => subject);
  check(subjects.join() === "guest.ok", `delivered: ${subjects.join()}`);
}

async function earlyPings(world: AttackWorld): Promise<void> {
  const client = await world.open();
  client.send("PING\r\n".repeat(1_000));
  await refused(client, /Authorization Violation/);
}

async function strangeSizes(world: AttackWorld): Promise<void> {
  const before = world.server.residentBytes();
  const sizes = ["2147483648", "9007199254740992", "9223372036854775808", "-1", "+5", "0x10"];
  sizes.push("1e3", "1_0", "18446744073709551617", "99999999999999999999999999", "5a", "٣");
  for (const size of sizes) {
    for (const verb of [`PUB x ${size}`, `HPUB x 12 ${size}`, `HPUB x ${size} ${size}`]) {
      const client = await world.login(credentialsOf("alice"));
      client.send(`${verb}\r\nhello\r\n`);
      await refused(client, undefined, 3_000);
    }
  }
  const client = await world.login(credentialsOf("alice"));
  client.send("PUB x \r\n");
  await refused(client, undefined, 3_000);
  const grown = world.server.residentBytes() - before;
  check(grown < 64 * MEGABYTE, `${grown} bytes more memory for announced sizes`);
}

async function tlsStalls(world: AttackWorld): Promise<void> {
  const silent = await world.openMany(scaled(20, 500));
  const dribbling = await world.openMany(scaled(5, 50));
  for (const client of dribbling) await client.sees(/^INFO /);
  // The head of a ClientHello that announces 512 bytes, then a byte now and then.
  for (const client of dribbling) client.send("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03");
  for (let round = 0; round < 24; round += 1) {
    for (const client of dribbling) client.send("\x00");
    await delay(50);
  }
  const stalled = [...silent, ...dribbling];
  await Promise.all(stalled.map((client) => refused(client, undefined, 6_000)));
  const garbage = await world.open();
  await garbage.sees(/^INFO /);
  garbage.send(Buffer.alloc(20_000, 0x16));
  await refused(garbage, undefined, 6_000);
}

async function renegotiations(world: AttackWorld): Promise<void> {
  const client = await world.open();
  await client.sees(/^INFO /);
  client.socket.removeAllListeners("data");
  const secure = connectTls({
    socket: client.socket,
    rejectUnauthorized: false,
    maxVersion: "TLSv1.2",
  });
  secure.on("error", () => undefined);
  await new Promise((resolve) => {
    secure.once("secureConnect", resolve);
    secure.once("close", resolve);
  });
  check(secure.encrypted && !secure.destroyed, "no TLS session to attack");
  let done = 0;
  const ended = new Promise<void>((resolve) => {
    secure.once("close", () => resolve());
    const again = (error: Error | null): void => {
      done += error === null ? 1 : 0;
      if (error !== null || done >= 5_000 || secure.destroyed) resolve();
      else if (!secure.renegotiate({ rejectUnauthorized: false }, again)) resolve();
    };
    again(null);
    setTimeout(resolve, scaled(1_000, 8_000)).unref();
  });
  await ended;
  secure.destroy();
  check(done < 100, `${done} renegotiations were granted`);
}

export const BEFORE_LOGIN: readonly AttackCase[] = [
  {
    name: "A01: connections that say nothing",
    profile: "guarded",
    // Ten thousand come and are cut within seconds, on both ends of one small machine.
    bystanderFloorMs: IS_FULL ? 600 : undefined,
    run: idleConnections,
  },
  { name: "A02: CONNECT byte by byte", profile: "guarded", run: slowLogin },
  { name: "A03: TLS handshakes that stall and dribble", profile: "secured", run: tlsStalls },
  { name: "A03: renegotiations", profile: "secured", run: renegotiations },
  { name: "A04: lines without an end", profile: "guarded", run: endlessLines },
  { name: "A05: CONNECT of megabytes", profile: "guarded", run: hugeConnect },
  { name: "A06: CONNECT that is hard to read", profile: "wide", run: hardConnect },
  { name: "A07: keys of prototypes in CONNECT", profile: "guarded", run: pollutedKeys },
  { name: "A09, 2026-16: first lines of every dialect", profile: "guarded", run: firstLines },
  {
    name: "A09, 2026-24: first lines where guests are let in",
    profile: "anonymous",
    run: guestFirstLines,
  },
  { name: "A10: a thousand PINGs before CONNECT", profile: "guarded", run: earlyPings },
  { name: "A11: sizes that are none", profile: "guarded", run: strangeSizes },
];
