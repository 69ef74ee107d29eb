// A28, A41, A45, A55 and advisories about accounts: what is brought to the server as an account, and
// who brings it. Subjects and imports that nobody granted carry nothing; names are never paths.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { newGenericClaims } from "@weft/jwt";
import {
  exportOf,
  importOf,
  newKey,
  nowSeconds,
  signed,
  TestAccount,
} from "../../conformance/operator-world.ts";
import { type AttackCase, type AttackWorld, scaled } from "../attack-case.ts";
import type { RawClient } from "../raw-client.ts";
import { altered, attempt, ClaimsDesk, knownAccount, letIn, OPERATOR } from "../token-world.ts";
import { secureTwins } from "../twins.ts";
import { waitFor } from "../waiting.ts";
import { check } from "./expect.ts";

const CYCLE_LENGTHS = [1, 2, 3, 7] as const;
const LONG_CYCLES = [11, 16, 19, 20] as const;

interface ForgedActivation {
  readonly what: string;
  readonly token: string;
  /** What is imported; default: what a good token is for. */
  readonly subject?: string | undefined;
  readonly kind?: "stream" | "service" | undefined;
}

/** Tokens that must not open `shop.prices.*` to the account `importer`. */
function badActivations(
  exporter: TestAccount,
  other: TestAccount,
  importer: TestAccount,
): ForgedActivation[] {
  const { id } = importer;
  const good = exporter.activation(id, "shop.prices.*", "stream");
  const ours = (change: Readonly<Record<string, unknown>>, signer = exporter.key): string =>
    altered(good, change, signer);
  return [
    { what: "none", token: "" },
    {
      what: "for another account",
      token: exporter.activation(other.id, "shop.prices.*", "stream"),
    },
    { what: "by another account", token: other.activation(id, "shop.prices.*", "stream") },
    { what: "by the importer", token: importer.activation(id, "shop.prices.*", "stream") },
    { what: "by nobody", token: ours({}, newKey("account")) },
    { what: "by a key in its name", token: ours({ iss: exporter.id }, newKey("account")) },
    { what: "for another subject", token: exporter.activation(id, "shop.open.*", "stream") },
    { what: "for one subject only", token: exporter.activation(id, "shop.prices.eu", "stream") },
    { what: "of another kind", token: exporter.activation(id, "shop.prices.*", "service") },
    { what: "for less than asked", token: good, subject: "shop.>" },
    { what: "for something else", token: good, subject: "shop.secret.*" },
    { what: "expired", token: ours({ exp: nowSeconds() - 1 }) },
    { what: "not yet valid", token: ours({ nbf: nowSeconds() + 60 }) },
    { what: "for everybody", token: ours({ sub: "*" }) },
    { what: "of no kind", token: ours({ nats: { subject: "shop.prices.*", type: 2 } }) },
    { what: "an account's token", token: OPERATOR.tokenOf(exporter) },
    { what: "not base64", token: "eyJ.eyJ.!" },
  ];
}

/** A28, CVE-2021-3127. One importer for each token, and one whose token is good. */
async function activations(world: AttackWorld): Promise<void> {
  const desk = await ClaimsDesk.open(world);
  const tokenRequired = true;
  const exporter = new TestAccount("SHOP", {
    exports: ["shop.prices.*", "shop.secret.*"].map((subject) => ({
      ...exportOf(subject, "stream"),
      tokenRequired,
    })),
  });
  await desk.push(exporter);
  const other = await knownAccount(world, desk);
  const readers: (readonly [string, RawClient])[] = [];
  const enter = async (
    account: TestAccount,
    { what, token, subject = "shop.prices.*" }: ForgedActivation,
  ): Promise<void> => {
    const wanted = importOf(exporter, subject, "stream", subject);
    account.edit({ imports: [{ ...wanted, token }] });
    // What is refused here stays as it was: without the import, or unknown.
    await desk.bring(OPERATOR.tokenOf(account));
    const client = await attempt(world, account.user());
    if (!(await client.sees(/^PONG\r\n/m))) return;
    client.send("SUB > 1\r\n");
    await client.ping();
    readers.push([what, client]);
  };
  const importers = badActivations(exporter, other, other).map(() => new TestAccount("IMPORTER"));
  for (const [at, importer] of importers.entries()) {
    const bad = badActivations(exporter, other, importer)[at];
    if (bad !== undefined) await enter(importer, bad);
  }
  const honest = new TestAccount("HONEST");
  const token = exporter.activation(honest.id, "shop.prices.*", "stream");
  await enter(honest, { what: "good", token });
  const publisher = await letIn(world, exporter.user());
  for (const subject of ["shop.prices.eu", "shop.secret.eu", "shop.open.eu"]) {
    publisher.send(`PUB ${subject} 1\r\n.\r\n`);
  }
  await publisher.ping();
  const last = readers.at(-1)?.[1];
  check((await last?.sees(/MSG shop\.prices\.eu 1 1/)) === true, "a good token opens nothing");
  for (const [what, client] of readers) {
    await client.ping();
    const got = client.messages().map(({ subject }) => subject);
    check(got.join() === (what === "good" ? "shop.prices.eu" : ""), `${what}: got ${got}`);
  }
}

/** Accounts in a circle, each importing `q` from the next one. */
function circleOf(length: number, kind: "stream" | "service"): TestAccount[] {
  const accounts = Array.from({ length }, (_, at) => new TestAccount(`RING${at}`));
  for (const [at, account] of accounts.entries()) {
    const next = accounts[(at + 1) % length] as TestAccount;
    // Wildcards of different widths that take in each other's subjects.
    const subject = at % 3 === 2 ? "ring.*" : "ring.q";
    const exported = at % 2 === 0 ? "ring.>" : "ring.*";
    account.edit({
      exports: [exportOf(exported, kind)],
      imports: [importOf(next, subject, kind, subject)],
    });
  }
  return accounts;
}

/** A45, CVE-2020-28466, CVE-2022-42709, by accounts that are brought one by one. */
async function circles(world: AttackWorld): Promise<void> {
  const desk = await ClaimsDesk.open(world);
  const before = world.server.processorMs();
  for (const length of [...CYCLE_LENGTHS, ...scaled([], [...LONG_CYCLES])]) {
    for (const kind of ["stream", "service"] as const) {
      const accounts = circleOf(length, kind);
      for (const account of accounts) await desk.bring(OPERATOR.tokenOf(account));
      const [first] = accounts as [TestAccount];
      const reader = await letIn(world, first.user());
      const asker = await letIn(world, (accounts.at(-1) as TestAccount).user());
      reader.send("SUB > 1\r\n");
      await reader.ping();
      for (let round = 0; round < 10; round += 1) {
        asker.send(`PUB ring.q _INBOX.x 1\r\n.\r\n`);
        reader.send(`PUB ring.q _INBOX.y 1\r\n.\r\n`);
      }
      check((await asker.ping()) && (await reader.ping()), `a circle of ${length} ends a client`);
      // Its own, and at most each of the other's once; twice where an account imports from itself.
      const got = reader.messages().length;
      check(
        got >= 10 && got <= (length === 1 ? 40 : 20),
        `a circle of ${length} brought ${got} messages for 20`,
      );
    }
  }
  const tookMs = world.server.processorMs() - before;
  check(tookMs < scaled(5_000, 20_000), `circles took ${tookMs} ms of processor`);
}

/** A45. Very many accounts that import from one hub with overlapping wildcards. */
async function crowd(world: AttackWorld): Promise<void> {
  const desk = await ClaimsDesk.open(world);
  const hub = new TestAccount("HUB", {
    exports: [exportOf("hub.>", "service")],
  });
  await desk.push(hub);
  const count = scaled(30, 10_000);
  let member: TestAccount | undefined;
  for (let at = 0; at < count; at += 1) {
    member = new TestAccount(`M${at}`);
    const subjects = ["hub.a.b", "hub.c.*", "hub.d.>"];
    member.edit({ imports: subjects.map((one) => importOf(hub, one, "service", one)) });
    const { code, text } = await desk.bring(OPERATOR.tokenOf(member));
    check(code === 200, `account ${at} was answered ${text}`);
  }
  const answering = await letIn(world, hub.user());
  answering.send("SUB hub.> 1\r\n");
  await answering.ping();
  const client = await letIn(world, (member as TestAccount).user());
  client.send("PUB hub.a.b _INBOX.m 1\r\n.\r\n");
  check(await answering.sees(/MSG hub\.a\.b 1 /), "the last of the crowd reaches nobody");
}

/** Names that would be paths, if anybody took them for files. */
const PATHS = [
  "../evil",
  "../../../../tmp/weft-evil",
  "/tmp/weft-evil",
  "%2e%2e%2fevil",
  "..\\evil",
  ".",
  "..",
  "evil\u0000.jwt",
  "a/b",
  "CON",
  "\u2025/evil",
] as const;

/** A55, CVE-2022-28357. */
async function paths(world: AttackWorld): Promise<void> {
  const desk = await ClaimsDesk.open(world);
  const account = await knownAccount(world, desk);
  const { folder } = world.server;
  const text = OPERATOR.tokenOf(account);
  const filesNow = (): string[] => readdirSync(folder, { recursive: true }).map(String).sort();
  const before = filesNow();
  for (const path of [...PATHS, `${account.id}/../evil`, `${account.id}.jwt`]) {
    const forged = altered(text, { sub: path }, OPERATOR.operator);
    const { code, text: said } = await desk.bring(forged);
    check(code >= 400, `an account named ${path} was answered ${said}`);
    const token = path.replace(/[\s\u0000]/g, "_").replaceAll(".", "-");
    for (const name of [token, token.replaceAll("-", "/")]) {
      await desk.ask(`$SYS.REQ.ACCOUNT.${name}.CLAIMS.UPDATE`, forged);
      await desk.ask(`$SYS.REQ.ACCOUNT.${name}.CLAIMS.UPDATE`, text);
      const { text: found } = await desk.ask(`$SYS.REQ.ACCOUNT.${name}.CLAIMS.LOOKUP`, "");
      check(!found.includes("operator") && !found.includes("root:"), `${name} reads ${found}`);
    }
    const generic = newGenericClaims(OPERATOR.operator.publicKey);
    const nats = new Map([["accounts", [path, `../${account.id}`]]]) as typeof generic.nats;
    const deletion = signed({ ...generic, nats }, OPERATOR.operator);
    await desk.ask("$SYS.REQ.CLAIMS.DELETE", deletion);
  }
  // What expires meanwhile becomes a proof of its end, under a name that is a hash.
  const isProof = (path: string): boolean =>
    /^jwt\/weft-claims(\/[0-9a-f]{64}\.claim)?$/.test(path);
  const fresh = filesNow().filter((path) => !before.includes(path) && !isProof(path));
  check(fresh.length === 0, `files that were not there: ${fresh.join()}`);
  check(existsSync(join(folder, "jwt", `${account.id}.jwt`)), "a file that was named is gone");
  check(!existsSync("/tmp/weft-evil") && !existsSync("/tmp/weft-evil.jwt"), "a file elsewhere");
  await letIn(world, account.user());
}

/** A41 as far as there are requests: those of the system account, sent by users of others. */
async function foreignDesk(world: AttackWorld): Promise<void> {
  const desk = await ClaimsDesk.open(world);
  const [victim, attacker] = [await knownAccount(world, desk), await knownAccount(world, desk)];
  const inside = await letIn(world, victim.user());
  const client = await letIn(world, attacker.user());
  const limits = { ...victim.claims.nats.limits, connectionsMax: 0 };
  const closed = new TestAccount("CLOSED");
  const shut = OPERATOR.tokenOf(victim.edit({ limits }));
  const fresh = newGenericClaims(OPERATOR.operator.publicKey);
  const nats = new Map([["accounts", [victim.id]]]) as typeof fresh.nats;
  const deletion = signed({ ...fresh, nats }, OPERATOR.operator);
  const requests: readonly (readonly [string, string])[] = [
    ["$SYS.REQ.CLAIMS.UPDATE", shut],
    [`$SYS.REQ.ACCOUNT.${victim.id}.CLAIMS.UPDATE`, shut],
    ["$SYS.REQ.CLAIMS.UPDATE", OPERATOR.tokenOf(closed)],
    ["$SYS.REQ.CLAIMS.DELETE", deletion],
    ["$SYS.REQ.CLAIMS.LIST", ""],
    ["$SYS.REQ.CLAIMS.PACK", ""],
    [`$SYS.REQ.ACCOUNT.${victim.id}.CLAIMS.LOOKUP`, ""],
    [`$SYS.REQ.ACCOUNT.${victim.id}.CONNZ`, ""],
    [`$SYS.REQ.SERVER.${String(client.info["server_id"])}.RELOAD`, ""],
    ["$SYS.REQ.SERVER.PING.VARZ", ""],
  ];
  client.send("SUB _INBOX.foreign.* 1\r\n");
  for (const [at, [subject, body]] of requests.entries()) {
    client.send(`PUB ${subject} _INBOX.foreign.${at} ${body.length}\r\n${body}\r\n`);
  }
  await client.ping();
  await waitFor(() => client.messages().length >= requests.length, 5_000).catch(() => undefined);
  const answered = client.messages().filter(({ headers }) => !headers.includes("503"));
  const shown = answered.map(({ subject, payload }) => `${subject} ${payload.slice(0, 80)}`);
  check(answered.length === 0, `a foreign account was answered: ${shown.join(" | ")}`);
  check(await inside.ping(), "a foreign account ended somebody");
  await letIn(world, victim.user());
}

export const TOKEN_ACCOUNTS: readonly AttackCase[] = secureTwins([
  { name: "A28, CVE-2021-3127: activation tokens", profile: "tokens", run: activations },
  { name: "A41: requests of the system account by others", profile: "tokens", run: foreignDesk },
  {
    name: "A45, CVE-2020-28466, CVE-2022-42709: circles of accounts",
    profile: "tokens",
    fullWithinMs: 120_000,
    shortWorkers: [4],
    run: circles,
  },
  {
    name: "A45: a crowd of accounts with one exporter",
    profile: "tokens",
    fullWithinMs: 600_000,
    bystanderFloorMs: 500,
    shortWorkers: [2],
    run: crowd,
  },
  {
    name: "A55, CVE-2022-28357: names that are paths",
    profile: "tokens",
    shortWorkers: [1],
    run: paths,
  },
]);
