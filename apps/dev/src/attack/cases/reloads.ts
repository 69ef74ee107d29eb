// A47, A52, A56, A71: configurations that a running server must not take, and mappings that are legal.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type AttackCase, type AttackWorld, scaled } from "../attack-case.ts";
import { credentialsOf, PROFILES } from "../profiles.ts";
import type { RawClient } from "../raw-client.ts";
import { reloadAgain, reloadWith } from "../reload-client.ts";
import { secret } from "../secrets.ts";
import { secureTwins } from "../twins.ts";
import { bombConfigs, SECRETS_IN_MISTAKES, WRONG_MAPPINGS } from "./configurations.ts";
import { check } from "./expect.ts";

/** Subject -> what every message to it must reach; nothing for what cannot be mapped. */
const MAPPED: readonly (readonly [string, RegExp])[] = [
  ["odd.none.x", /^mapped\.none\.0$/],
  ["odd.many.x", /^mapped\.many\.\d+$/],
  ["odd.random.x", /^mapped\.random\.0\.x$/],
  ["odd.left.x", /^mapped\.left\.x$/],
  ["odd.slice.abc", /^mapped\.slice\.a\.b\.c$/],
  // One mapping each, never the mapping of a mapping.
  ["circle.a.x", /^circle\.b\.x$/],
  ["circle.b.x", /^circle\.a\.x$/],
  ["growing.x", /^growing\.growing\.x$/],
];

/** A52: mappings that turn in circles, grow, or have no partitions. */
async function oddMappings(world: AttackWorld): Promise<void> {
  const reader = await world.login(credentialsOf("alice"));
  reader.send("SUB > 1\r\n");
  await reader.ping();
  const publisher = await world.login(credentialsOf("alice"));
  for (let round = 0; round < scaled(20, 2_000); round += 1) {
    for (const [subject] of MAPPED) publisher.send(`PUB ${subject} 1\r\n.\r\n`);
    check(await publisher.ping(), "a mapping cost its publisher the connection");
    check(await reader.ping(), "a mapping cost its reader the connection");
    const got = reader.messages().map(({ subject }) => subject);
    check(got.length === MAPPED.length, `${got.length} of ${MAPPED.length} arrived: ${got}`);
    for (const [index, [from, wanted]] of MAPPED.entries()) {
      check(wanted.test(got[index] ?? ""), `${from} went to ${got[index]}`);
    }
    reader.forget();
  }
}

/** A52, A56. What would not start is not taken by a reload either, and nothing changes. */
async function refusedReloads(world: AttackWorld): Promise<void> {
  const { server } = world;
  const { config } = PROFILES.monitored;
  // Files that include each other, beside the one that is read.
  writeFileSync(join(server.folder, "one.conf"), "include './two.conf'\n");
  writeFileSync(join(server.folder, "two.conf"), "include './one.conf'\n");
  const rows: readonly (readonly [string, RegExp])[] = [
    ...bombConfigs(),
    ["include './one.conf'\n", /include/i],
    ...WRONG_MAPPINGS.map(([mapping, why]) => [`${config}\n${mapping}`, why] as const),
  ];
  for (const [text, why] of rows) {
    const { isTaken, said } = await reloadWith(server, text);
    check(!isTaken, `a reload took ${text.slice(-80)}`);
    check(why.test(said), `a reload was refused with ${said} instead of ${why}`);
    const client = await world.login(credentialsOf("alice"));
    client.destroy();
  }
  await reloadAgain(server);
}

/** A71. Mistakes beside secrets, told to the log; the search is the runner's. */
async function mistakesBesideSecrets(world: AttackWorld): Promise<void> {
  const { config } = PROFILES.monitored;
  for (const mistake of SECRETS_IN_MISTAKES) {
    const { isTaken } = await reloadWith(world.server, `${config}\n${mistake}`);
    check(!isTaken, `a reload took ${mistake}`);
  }
  // A secret that changes, and changes back, is shown in neither form.
  const changed = config.replace(secret("alice"), secret("alice-changed"));
  const { isTaken, said } = await reloadWith(world.server, changed);
  check(isTaken, `a new password was refused: ${said}`);
  await reloadAgain(world.server);
}

/** Connections of before a change that are still there, or may be, say and hear what they like. */
async function afterTheChange(
  world: AttackWorld,
  [moved, narrowed, deleted]: readonly [RawClient, RawClient, RawClient],
): Promise<void> {
  const [inA, inB] = [credentialsOf("service"), credentialsOf("bob")];
  const [oldHome, newHome] = [await world.login(inA), await world.login(inB)];
  for (const client of [oldHome, newHome]) {
    client.send("SUB said.> 1\r\nSUB sub.> 2\r\n");
    await client.ping();
  }
  for (const client of [moved, narrowed, deleted]) {
    client.forget();
    client.send("PUB said.x 1\r\n.\r\nPUB pub.x 1\r\n.\r\n");
    await client.ping(1_000);
  }
  oldHome.send("PUB heard.x 1\r\n.\r\nPUB sub.public.x 1\r\n.\r\nPUB sub.private.x 1\r\n.\r\n");
  await Promise.all([oldHome.ping(), newHome.ping()]);
  for (const client of [moved, narrowed, deleted]) await client.ping(1_000);
  const said = oldHome.messages().filter(({ subject }) => subject.startsWith("said."));
  check(said.length === 0, "somebody still speaks in an account that is not theirs any more");
  const subjects = (client: RawClient): string =>
    client
      .messages()
      .map((m) => m.subject)
      .join();
  check(subjects(moved) === "", `who was moved still hears ${subjects(moved)}`);
  check(deleted.isClosed, "who was deleted is still connected");
  check(subjects(narrowed) === "sub.public.x", `narrowed rights still bring ${subjects(narrowed)}`);
}

/** A47. One user is moved to another account, one may do less, one is gone. */
async function changedRights(world: AttackWorld): Promise<void> {
  const { config } = PROFILES[world.profile];
  const line = (name: string): RegExp => new RegExp(`\\{ user: "${name}", [^{}]*\\}`);
  const [alice = ""] = line("alice").exec(config) ?? [];
  const changed = config
    .replace(line("alice"), "")
    .replace(line("bob"), (bob) => `${bob}\n      ${alice}`)
    .replace('deny: ["sub.secret.>"]', 'deny: ["sub.secret.>", "sub.private.>"]')
    .replace('allow: ["pub.>"], deny: ["pub.secret"]', 'allow: ["nothing"]')
    .replace(/\{ user: "queued"[\s\S]*?deniedqueue"\] \} \} \}/, "");
  const clients = [
    await world.login(credentialsOf("alice")),
    await world.login(credentialsOf("limited")),
    await world.login(credentialsOf("queued")),
  ] as const;
  for (const client of clients) {
    client.send("SUB heard.> 1\r\nSUB sub.> 2\r\n");
    await client.ping();
  }
  const { isTaken, said } = await reloadWith(world.server, changed);
  check(isTaken, `the change was refused: ${said}`);
  try {
    await afterTheChange(world, clients);
  } finally {
    await reloadAgain(world.server);
  }
}

const CHANGED_RIGHTS: AttackCase = {
  name: "A47: users who are moved, narrowed and deleted",
  profile: "guarded",
  run: changedRights,
};

export const RELOADS: readonly AttackCase[] = [
  ...secureTwins([CHANGED_RIGHTS]),
  { name: "A52: mappings that are odd", profile: "monitored", run: oddMappings },
  { name: "A52, A56: reloads of what cannot be served", profile: "monitored", run: refusedReloads },
  { name: "A71: secrets beside mistakes", profile: "monitored", run: mistakesBesideSecrets },
];
