// A08, A38, A40, A42, A43, A46 and advisories about rights: what somebody with a login may not do.
import { type AttackCase, type AttackWorld, scaled } from "../attack-case.ts";
import { credentialsOf } from "../profiles.ts";
import type { RawClient } from "../raw-client.ts";
import { delay, waitFor } from "../waiting.ts";
import { check } from "./expect.ts";

const FORGED = "FORGED-IDENTITY";

function hpub(subject: string, reply: string, headerLines: string, payload: string): string {
  const headers = `NATS/1.0\r\n${headerLines}\r\n`;
  const total = headers.length + payload.length;
  return `HPUB ${subject} ${reply} ${headers.length} ${total}\r\n${headers}${payload}\r\n`;
}

/** CVE-2022-24450. */
async function otherAccount(world: AttackWorld): Promise<void> {
  const system = await world.login(credentialsOf("system"));
  const bob = await world.login(credentialsOf("bob"));
  const alice = await world.login(credentialsOf("alice"));
  for (const watcher of [system, bob, alice]) {
    watcher.send("SUB stolen.> 1\r\n");
    await watcher.ping();
  }
  for (const account of ["SYS", "B", "$SYS", "$G", "NEW"]) {
    for (const isNew of [true, false]) {
      const client = await world.open();
      const words = { ...credentialsOf("alice"), account, new_account: isNew, extra: { a: 1 } };
      client.send(`CONNECT ${JSON.stringify(words)}\r\nPUB stolen.${account} 0\r\n\r\nPING\r\n`);
      await client.sees(/PONG|-ERR/, 3_000);
    }
  }
  await Promise.all([system.ping(), bob.ping(), alice.ping()]);
  check(system.messages().length === 0, "a client moved to the system account");
  check(bob.messages().length === 0, "a client moved to another account");
  const subjects = alice.messages().map(({ subject }) => subject);
  check(
    subjects.every((subject) => subject.startsWith("stolen.")),
    `unexpected: ${subjects.join()}`,
  );
}

/** CVE-2022-29946, 2026-17, 2026-18. */
async function denyBypass(world: AttackWorld): Promise<void> {
  const queued = await world.login(credentialsOf("queued"));
  const forbidden = ["secret.x", "secret.>", "secret.*", "secret.x.y"];
  let sid = 0;
  for (const filter of forbidden) {
    for (const queue of ["", " workers", " deniedqueue"]) {
      sid += 1;
      queued.forget();
      queued.send(`SUB ${filter}${queue} ${sid}\r\n`);
      await queued.ping();
      check(queued.errors().length === 1, `SUB ${filter}${queue} was allowed`);
    }
  }
  // Wider than the denied ones: allowed, but nothing below `secret.` may come through.
  queued.forget();
  for (const filter of [">", "*.>", "*.*", "*.x", "*.x.>", "*.*.y"]) {
    for (const queue of ["", " workers", " others"]) {
      sid += 1;
      queued.send(`SUB ${filter}${queue} ${sid}\r\n`);
    }
  }
  await queued.ping();
  const publisher = await world.login(credentialsOf("alice"));
  const rounds = scaled(200, 5_000);
  let text = "";
  for (let round = 0; round < rounds; round += 1) {
    text += "PUB secret.x 1\r\n!\r\nPUB secret.x.y 1\r\n!\r\nPUB secret.z 1\r\n!\r\n";
    if (round % 50 === 0) text += `PUB open.x 1\r\n.\r\nPUB other.x.y 1\r\n.\r\n`;
  }
  await publisher.sendAll(text);
  await publisher.ping();
  await settled(queued);
  const leaked = queued.messages().find(({ payload }) => payload !== ".");
  check(leaked === undefined, `delivered against a deny: ${leaked?.line}`);
  check(queued.messages().length > 0, "nothing was delivered at all");
}

/** Until nothing has come for a moment. */
async function settled(client: RawClient): Promise<void> {
  let seen = -1;
  await waitFor(async () => {
    const isQuiet = seen === client.receivedBytes;
    seen = client.receivedBytes;
    await delay(60);
    return isQuiet;
  }, 10_000);
  await client.ping();
}

async function limitedPublish(world: AttackWorld): Promise<void> {
  const watcher = await world.login(credentialsOf("alice"));
  watcher.send("SUB > 1\r\n");
  await watcher.ping();
  const limited = await world.login(credentialsOf("limited"));
  const tried = [
    "pub.secret",
    "PUB.x",
    "pub",
    "other",
    "pub.secret ",
    "svc.x",
    "$SYS.x",
    "*",
    "pub>",
  ];
  for (const subject of tried) limited.send(`PUB ${subject} 1\r\n!\r\n`);
  limited.send("PUB pub.ok 1\r\n.\r\n");
  for (const filter of [">", "*", "*.>", "sub", "pub.>", "sub.secret.x", "_INBOX", "$SYS.>"]) {
    limited.send(`SUB ${filter} x${filter}\r\n`);
  }
  check(await limited.ping(), "a refusal closed the connection");
  const errors = limited.errors();
  check(errors.length >= 16, `refusals: ${errors.join(" | ")}`);
  await watcher.ping();
  const delivered = watcher.messages().map(({ subject }) => subject);
  check(delivered.join() === "pub.ok", `delivered: ${delivered.join()}`);
}

async function reservedSubjects(world: AttackWorld): Promise<void> {
  const system = await world.login(credentialsOf("system"));
  const bob = await world.login(credentialsOf("bob"));
  for (const watcher of [system, bob]) {
    watcher.send("SUB > 1\r\n");
    await watcher.ping();
    watcher.forget();
  }
  const alice = await world.login(credentialsOf("alice"));
  const subjects = ["$SYS.REQ.SERVER.PING", "$SYS.ACCOUNT.B.CONNECT", "$JS.API.INFO", "$NRG.V.x"];
  subjects.push("$MQTT.sub.x", "_GR_.x.y.z", "$G", "_R_.abc", "_R_.abc.def", "$GNR.x", "$LDS.x");
  for (const subject of subjects) {
    alice.send(`PUB ${subject} _INBOX.x 9\r\n${FORGED.slice(0, 9)}\r\n`);
  }
  check(await alice.ping(), "a reserved subject closed the connection");
  await Promise.all([system.ping(), bob.ping()]);
  for (const watcher of [system, bob]) {
    const forged = watcher.messages().find(({ payload }) => payload.includes("FORGED"));
    check(forged === undefined, `crossed accounts: ${forged?.line}`);
  }
}

/** A42: replies that only a server may make. */
async function reservedReplies(world: AttackWorld): Promise<void> {
  const watcher = await world.login(credentialsOf("alice"));
  watcher.send("SUB taken 1\r\n");
  await watcher.ping();
  const attacker = await world.login(credentialsOf("alice"));
  const replies = ["_R_.a.b", "_R_.abcdef.1", "_GR_.a.b.c", "$JS.ACK.s.c.1.1.1.1.0"];
  replies.push(`$JS.ACK.${"9".repeat(200)}.-1`);
  for (const reply of replies) {
    attacker.send(`PUB taken ${reply} 1\r\n!\r\n`);
    attacker.send(hpub("taken", reply, "A: b\r\n", "!"));
  }
  attacker.send("PUB taken _INBOX.fine 1\r\n.\r\n");
  check(await attacker.ping(), "a reserved reply closed the connection");
  const refusals = attacker.errors().filter((text) => text.includes("Publish with Reply of"));
  check(refusals.length === 2 * replies.length, `refused: ${attacker.errors().join(" | ")}`);
  await watcher.ping();
  const delivered = watcher.messages().map(({ reply }) => reply);
  check(delivered.join() === "_INBOX.fine", `delivered with reply: ${delivered.join()}`);
}

/** A service reply reaches only the requester, once; a guessed or reused one reaches nobody. */
async function forgedServiceReply(world: AttackWorld): Promise<void> {
  const service = await world.login(credentialsOf("service"));
  service.send("SUB svc.> 1\r\n");
  await service.ping();
  const bob = await world.login(credentialsOf("bob"));
  bob.send("SUB _INBOX.bob.> 1\r\n");
  bob.send("PUB svc.a _INBOX.bob.1 1\r\nq\r\n");
  check(await service.sees(/MSG svc\.a 1 (\S+) /), "no request came");
  const reply = service.messages()[0]?.reply ?? "";
  check(reply.startsWith("_R_."), `reply of an imported service: ${reply}`);
  const guesses = [`${reply}x`, reply.slice(0, -1), `${reply}.1`, "_R_.*", "_R_.>", "_INBOX.bob.1"];
  for (const guess of guesses) service.send(`PUB ${guess} 6\r\nforged\r\n`);
  service.send(`PUB ${reply} 4\r\nreal\r\n`);
  service.send(`PUB ${reply} 6\r\nsecond\r\n`);
  await service.ping();
  check(await bob.sees(/real\r\n/), "the real reply was lost");
  await delay(50);
  await bob.ping();
  const payloads = bob.messages().map(({ payload }) => payload);
  check(payloads.join() === "real", `the requester got: ${payloads.join()}`);
}

/** Spellings of a header that a reader may take for `Nats-Request-Info`. */
const INFO_SPELLINGS = [
  "Nats-Request-Info: ",
  "Nats-Request-Info:",
  "nats-request-info: ",
  "NATS-REQUEST-INFO: ",
  "Nats-Request-Info:\t",
  " Nats-Request-Info: ",
  "\tNats-Request-Info: ",
  "Nats-Request-Info : ",
  "Nats-Request-Info\t: ",
  "nAtS-rEqUeSt-InFo: ",
];

/** CVE-2026-33246, CVE-2026-33223. */
async function forgedRequestInfo(world: AttackWorld): Promise<void> {
  const service = await world.login(credentialsOf("service"));
  service.send("SUB svc.> 1\r\nSUB private.svc 2\r\n");
  await service.ping();
  const bob = await world.login(credentialsOf("bob"));
  const value = `{"acc":"${FORGED}","user":"root"}`;
  const blocks = INFO_SPELLINGS.map((name) => `${name}${value}\r\n`);
  blocks.push(`A: b\r\nNats-Request-Info: ${value}\r\nNats-Request-Info: ${value}\r\n`);
  blocks.push(`Nats-Request-Info: x\r\n ${value}\r\n`);
  blocks.push(`A: b\r\n\r\nNats-Request-Info: ${value}\r\n`);
  for (const subject of ["svc.info", "shared.svc"]) {
    for (const block of blocks) bob.send(hpub(subject, "_INBOX.x", block, "q"));
  }
  check(await bob.ping(), "a header closed the connection");
  await settled(service);
  const requests = service.messages();
  check(requests.length > 0, "no request came");
  for (const request of requests) {
    const lines = request.headers.split("\r\n");
    const named = lines.filter((line) => /^\s*nats-request-info\s*:/i.test(line));
    const forged = named.filter((line) => line.includes(FORGED));
    check(forged.length === 0, `forged identity: ${JSON.stringify(request.headers)}`);
    check(named.length === 1, `identities: ${JSON.stringify(request.headers)}`);
    check(named[0]?.includes('"B"') === true, `no true identity: ${JSON.stringify(named)}`);
  }
}

async function traceDestination(world: AttackWorld): Promise<void> {
  const watcher = await world.login(credentialsOf("alice"));
  watcher.send("SUB forbidden.> 1\r\nSUB pub.> 2\r\n");
  await watcher.ping();
  const limited = await world.login(credentialsOf("limited"));
  for (const name of ["Nats-Trace-Dest", "nats-trace-dest", " Nats-Trace-Dest", "Trace-Dest"]) {
    limited.send(hpub("pub.traced", "pub.reply", `${name}: forbidden.trace\r\n`, "."));
  }
  check(await limited.ping(), "a trace header closed the connection");
  await watcher.ping();
  const leaked = watcher.messages().find(({ subject }) => subject.startsWith("forbidden."));
  check(leaked === undefined, `a trace went where its sender may not publish: ${leaked?.line}`);
}

async function responsePermissions(world: AttackWorld): Promise<void> {
  const alice = await world.login(credentialsOf("alice"));
  const other = await world.login(credentialsOf("service"));
  const answering = await world.login(credentialsOf("answering"));
  alice.send("SUB _INBOX.alice.> 1\r\n");
  other.send("SUB _INBOX.other.> 1\r\n");
  answering.send("SUB question.> 1\r\n");
  await Promise.all([alice.ping(), other.ping(), answering.ping()]);
  // Before any question nothing may be said.
  answering.send("PUB _INBOX.alice.0 5\r\nearly\r\n");
  await answering.ping();
  alice.send("PUB question.a _INBOX.alice.1 1\r\n?\r\n");
  check(await answering.sees(/MSG question\.a/), "no question came");
  answering.send("PUB _INBOX.other.1 5\r\nother\r\n");
  answering.send("PUB _INBOX.alice.10 5\r\nwrong\r\n");
  for (let count = 1; count <= 4; count += 1)
    answering.send(`PUB _INBOX.alice.1 2\r\na${count}\r\n`);
  await answering.ping();
  // After the expiry of another question.
  alice.send("PUB question.b _INBOX.alice.2 1\r\n?\r\n");
  check(await answering.sees(/MSG question\.b/), "no second question came");
  await delay(900);
  answering.send("PUB _INBOX.alice.2 4\r\nlate\r\n");
  await answering.ping();
  await delay(50);
  await Promise.all([alice.ping(), other.ping()]);
  const answers = alice.messages().map(({ payload }) => payload);
  check(answers.join() === "a1,a2", `answers: ${answers.join()}`);
  check(other.messages().length === 0, "an answer went to somebody who did not ask");
  check(answering.errors().length === 6, `refusals: ${answering.errors().join(" | ")}`);
}

export const RIGHTS: readonly AttackCase[] = [
  { name: "A08, CVE-2022-24450: account in CONNECT", profile: "guarded", run: otherAccount },
  { name: "A38: rights of a limited user", profile: "guarded", run: limitedPublish },
  {
    name: "A38, CVE-2022-29946, 2026-17, 2026-18: queues and wildcards around a deny",
    profile: "guarded",
    run: denyBypass,
  },
  { name: "A40: subjects of the server", profile: "guarded", run: reservedSubjects },
  { name: "A42: reserved replies", profile: "guarded", run: reservedReplies },
  { name: "A42: guessed service replies", profile: "guarded", run: forgedServiceReply },
  {
    name: "A43, CVE-2026-33246, CVE-2026-33223: forged Nats-Request-Info",
    profile: "guarded",
    run: forgedRequestInfo,
  },
  { name: "A44: trace destination without a right", profile: "guarded", run: traceDestination },
  { name: "A46: answers that were not asked for", profile: "guarded", run: responsePermissions },
];
