// A48 to A50: bytes that mean something to a parser, in places where they should not.
import { type AttackCase, type AttackWorld, scaled } from "../attack-case.ts";
import { credentialsOf } from "../profiles.ts";
import { check, refused } from "./expect.ts";

const MARK = "INJECTED";
/** What ends a word or a line for a NATS parser. */
const SEPARATOR = /[ \t\r\n]/;

/** Every control byte and DEL, in every field of every operation that takes one. */
async function controlBytes(world: AttackWorld): Promise<void> {
  const watcher = await world.login(credentialsOf("alice"));
  watcher.send("SUB > 1\r\n");
  await watcher.ping();
  const fields = [
    (byte: string) => `PUB a${byte}b 2\r\nhi\r\n`,
    (byte: string) => `PUB ok re${byte}ply 2\r\nhi\r\n`,
    (byte: string) => `PUB a${byte}MSG ${MARK} 1 2\r\nhi\r\n`,
    (byte: string) => `SUB a${byte}b 9\r\n`,
    (byte: string) => `SUB ok qu${byte}eue 9\r\n`,
    (byte: string) => `SUB ok 9${byte}9\r\n`,
    (byte: string) => `SUB ok 9\r\nUNSUB 9${byte} 1\r\n`,
    (byte: string) => `HPUB ok re${byte}p 12 14\r\nNATS/1.0\r\n\r\nhi\r\n`,
    (byte: string) => `HPUB ok 19 21\r\nNATS/1.0\r\nA${byte}b: c\r\n\r\nhi\r\n`,
  ];
  const codes = [...Array.from({ length: 32 }, (_, code) => code), 0x20, 0x7f, 0x80, 0xff];
  for (const code of codes) {
    const byte = String.fromCharCode(code);
    const clients = await Promise.all(fields.map(() => world.login(credentialsOf("alice"))));
    for (const [index, client] of clients.entries()) {
      client.send(`${fields[index]?.(byte)}PUB ok.${code} 1\r\n.\r\nPING\r\n`);
    }
    await Promise.all(clients.map((client) => client.sees(/PONG[\s\S]*PONG|-ERR/, 1_500)));
    for (const client of clients) {
      client.operations();
      client.destroy();
    }
  }
  check(await watcher.ping(), "the watcher's connection was lost");
  // `messages` throws when what was delivered is not well formed.
  const delivered = watcher.messages();
  check(delivered.length > 0, "nothing was delivered at all");
  // NUL and its like are data, as in the reference; what separates words or lines is not.
  const injected = delivered.find(
    ({ subject, reply }) =>
      subject === MARK || SEPARATOR.test(subject) || SEPARATOR.test(reply ?? ""),
  );
  check(injected === undefined, `delivered: ${JSON.stringify(injected?.line)}`);
}

/** Bytes of a client come back in errors: they may not end the line there. */
async function echoedBytes(world: AttackWorld): Promise<void> {
  const limited = await world.login(credentialsOf("limited"));
  const subjects = [
    "x\x00y",
    "x\x1b[31mred",
    "x'\"y",
    "x\\r\\ny",
    `x${"\x7f".repeat(50)}`,
    "x\x08y",
  ];
  for (const subject of subjects) limited.send(`PUB ${subject} 1\r\n!\r\nSUB ${subject} 1\r\n`);
  check(await limited.ping(), "a refusal closed the connection");
  const errors = limited.errors();
  check(errors.length === 2 * subjects.length, `refusals: ${errors.join(" | ")}`);
  const raw = errors.find((text) => /[\0-\x1f\x7f]/.test(text));
  check(raw === undefined, `control bytes in an error: ${JSON.stringify(raw)}`);
}

/** Names from CONNECT go into the log: no line of it may be the client's. */
async function forgedLogLines(world: AttackWorld): Promise<void> {
  const name = `x\r\n[1] 2000/01/01 00:00:00.000000 [INF] ${MARK}\x1b[2J`;
  const client = await world.login(credentialsOf("alice"), { name, lang: name, version: name });
  client.send("PUB x 1\r\n.\r\n");
  await client.ping();
  const denied = await world.open();
  denied.send(`CONNECT ${JSON.stringify({ user: name, pass: "x", name })}\r\n`);
  await refused(denied, /Authorization Violation/);
  const broken = await world.login(credentialsOf("alice"));
  broken.send(`NONSENSE\x1b[2J ${MARK}\r\n`);
  await refused(broken, /Unknown Protocol Operation/);
  const lines = world.server.output().split("\n");
  check(lines.length > 5, "the log is empty");
  const forged = lines.find((line) => line.startsWith("[1] 2000") || line.includes("\x1b[2J"));
  check(forged === undefined, `a client wrote into the log: ${JSON.stringify(forged)}`);
}

function block(text: string, sizes: (length: number) => string, payload = "hi"): string {
  return `HPUB x ${sizes(text.length)}\r\n${text}${payload}\r\n`;
}

async function headerBlocks(world: AttackWorld): Promise<void> {
  const many = "k: v\r\n".repeat(scaled(10_000, 100_000));
  const fair = (length: number): string => `${length} ${length + 2}`;
  const blocks = [
    block("NATS/1.0\r\n\r\n", (length) => `${length + 10} ${length + 2}`),
    block("NATS/1.0\r\n\r\n", (length) => `0 ${length + 2}`),
    block("NATS/1.0\r\n\r\n", (length) => `-1 ${length + 2}`),
    block("NATS/1.0\r\n\r\n", (length) => `${length}`),
    block("NATS/1.0", fair),
    block("HTTP/1.1 200 OK\r\n\r\n", fair),
    block("NATS/1.0\r\nA: b", fair),
    block("NATS/1.0\r\nA: b\r\n", fair),
    block("\r\n\r\n", fair),
    block("NATS/1.0 503\r\n\r\n", fair),
    block("NATS/1.0 999999999999999999999 x\r\n\r\n", fair),
    block(`NATS/1.0\r\n${"K".repeat(64 * 1024)}: v\r\n\r\n`, fair),
    block(`NATS/1.0\r\nA: ${"v".repeat(500_000)}\r\n\r\n`, fair),
    block(`NATS/1.0\r\n${many}\r\n`, fair),
    block("NATS/1.0\r\n: v\r\n:\r\nA\r\n\r\n", fair),
    block("NATS/1.0\r\n\0: \0\r\n\r\n", fair),
  ];
  const watcher = await world.login(credentialsOf("alice"));
  watcher.send("SUB x 1\r\n");
  await watcher.ping();
  for (const text of blocks) {
    const client = await world.login(credentialsOf("alice"));
    await client.sendAll(text);
    client.send("PING\r\n");
    await client.sees(/PONG[\s\S]*PONG|-ERR/, 2_000);
    client.operations();
    client.destroy();
  }
  check(await watcher.ping(), "a header block cost a subscriber its connection");
  for (const { headers, payload } of watcher.messages()) {
    // "NATS/1.0", two ends of line and the payload, where no header bytes are announced.
    check(payload.length <= 14, `a body of ${payload.length} bytes behind ${headers.length}`);
  }
}

/** Filters, and whether a subscription to them is accepted (CP-59, CP-61). */
const FILTERS: readonly (readonly [string, boolean])[] = [
  ["a..b", false],
  [".a", false],
  ["a.", false],
  [".", false],
  ["..", false],
  ["a.>.b", false],
  [">.a", false],
  ["a.*b", true],
  ["a*", true],
  ["a>", true],
  ["a.**", true],
  ["*.*.>", true],
  [`t${".t".repeat(1_023)}`, true],
  ["k".repeat(4_000), true],
  ["caf\xc3\xa9.\xff\xfe", true],
  ["\xe2\x80\xae.x", true],
];

async function strangeSubjects(world: AttackWorld): Promise<void> {
  for (const [index, [filter, isValid]] of FILTERS.entries()) {
    const client = await world.login(credentialsOf("alice"));
    client.send(`SUB ${filter} ${index}\r\n`);
    check(await client.ping(), `SUB ${filter.slice(0, 40)} closed the connection`);
    const errors = client.errors();
    const verdict = errors.length === 0;
    check(verdict === isValid, `SUB ${filter.slice(0, 40)}: ${errors.join() || "accepted"}`);
    if (isValid) continue;
    check(/Invalid Subject/.test(errors.join()), `SUB ${filter}: ${errors.join()}`);
  }
  const watcher = await world.login(credentialsOf("alice"));
  watcher.send("SUB > 1\r\nSUB a.* 2\r\nSUB *.b 3\r\n");
  await watcher.ping();
  const publisher = await world.login(credentialsOf("alice"));
  for (const subject of ["a..b", ".a", "a.", "..", "a.*", "a.>", ">", "*", "\xff.\xfe"]) {
    publisher.send(`PUB ${subject} 1\r\n!\r\n`);
  }
  publisher.send(`PUB t${".t".repeat(2_000)} 1\r\n.\r\nPUB ok.b 1\r\n.\r\n`);
  check(await publisher.ping(), "a strange subject closed the publisher");
  check(await watcher.ping(), "a strange subject closed the subscriber");
  const valid = watcher.messages().filter(({ subject }) => subject === "ok.b");
  check(valid.length === 2, `a plain message was delivered ${valid.length} times`);
}

export const INJECTION: readonly AttackCase[] = [
  { name: "A48: control bytes in every field", profile: "guarded", run: controlBytes },
  { name: "A48: bytes that come back in errors", profile: "guarded", run: echoedBytes },
  { name: "A48, A66: lines for the log", profile: "talkative", run: forgedLogLines },
  { name: "A49: header blocks", profile: "guarded", run: headerBlocks },
  { name: "A50: strange subjects", profile: "guarded", run: strangeSubjects },
];
