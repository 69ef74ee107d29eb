// A33, A56: reloads of a running server whose files are gone, broken, without an end, or no files at
// all; and reloads that bring ever new names.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { type AttackCase, type AttackWorld, IS_FULL, scaled } from "../attack-case.ts";
import { clientCertificate, credentialsOf, PROFILES, TLS_FILES } from "../profiles.ts";
import { RawClient } from "../raw-client.ts";
import { reloadAgain, reloadWith } from "../reload-client.ts";
import { check, repeat } from "./expect.ts";

const MEGABYTE = 1024 * 1024;

/** Files as nobody should write them, beside those of the server: the runner reads all of those. */
interface OddFiles {
  /** A pipe to which nobody writes. */
  readonly pipe: string;
  /** 3 GiB of nothing. */
  readonly huge: string;
  readonly empty: string;
  readonly binary: string;
  readonly directory: string;
  readonly gone: string;
}

async function withOddFiles(use: (files: OddFiles) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "weft-odd-"));
  try {
    const at = (name: string): string => join(folder, name);
    mkdirSync(at("directory"));
    writeFileSync(at("empty"), "");
    writeFileSync(at("binary"), Buffer.from([0xff, 0xfe, 0, 1, 2, 0x80]));
    check(spawnSync("mkfifo", [at("pipe")]).status === 0, "no pipe could be made");
    check(spawnSync("truncate", ["-s", "3G", at("huge")]).status === 0, "no large file");
    await use({
      pipe: at("pipe"),
      huge: at("huge"),
      empty: at("empty"),
      binary: at("binary"),
      directory: at("directory"),
      gone: at("gone"),
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function isRefused(world: AttackWorld, config: string, why: RegExp): Promise<void> {
  const { isTaken, said } = await reloadWith(world.server, config);
  check(!isTaken, `a reload took ${config.slice(-100)}`);
  check(why.test(said), `refused with ${said} instead of ${why}`);
}

/** A56. The configuration includes what is no text. */
async function oddIncludes(world: AttackWorld): Promise<void> {
  const { server } = world;
  const before = server.residentBytes();
  const { config } = PROFILES.monitored;
  await withOddFiles(async ({ pipe, huge, binary, directory, gone }) => {
    const rows: readonly (readonly [string, RegExp])[] = [
      ["/dev/zero", /larger than \d+ bytes/],
      [huge, /larger than \d+ bytes/],
      [pipe, /nothing comes from it within \d+ ms/],
      [binary, /Unexpected NUL/],
      [directory, /directory/],
      [gone, /no such file/],
    ];
    for (const [path, why] of rows) {
      await isRefused(world, `${config}\ninclude '${relative(server.folder, path)}'\n`, why);
      (await world.login(credentialsOf("alice"))).destroy();
    }
  });
  const grown = server.residentBytes() - before;
  check(grown < 512 * MEGABYTE, `${(grown / MEGABYTE).toFixed(0)} MB for files without an end`);
  await reloadAgain(server);
}

/** A33, TL-25. The old certificates stay in force, and the line says which file and why. */
async function oddCertificates(world: AttackWorld): Promise<void> {
  const { config } = PROFILES.mutual;
  const { certificate, key, authority } = TLS_FILES;
  const served = async (): Promise<void> => {
    const login = credentialsOf("alice");
    const client = await RawClient.login(world.port, login, {}, clientCertificate());
    client.destroy();
  };
  await withOddFiles(async ({ pipe, huge, empty, directory, gone }) => {
    const rows: readonly (readonly [from: string, to: string, why: RegExp])[] = [
      [certificate, gone, /open .*gone: no such file/],
      [certificate, empty, /failed to find any PEM data in certificate input/],
      [certificate, key, /PEM inputs may have been switched/],
      [certificate, directory, /open .*directory: illegal operation on a directory/],
      [certificate, huge, /open .*huge: larger than \d+ bytes/],
      [certificate, "/dev/zero", /open \/dev\/zero: larger than \d+ bytes/],
      [key, certificate, /found a certificate rather than a key/],
      [key, TLS_FILES.clientKey, /private key (?:type )?does not match public key/],
      [authority, pipe, /open .*pipe: nothing comes from it within \d+ ms/],
      [authority, empty, /failed to parse root ca certificate/],
    ];
    for (const [from, to, why] of rows) {
      await isRefused(world, config.replace(`"${from}"`, `"${to}"`), why);
      await served();
    }
  });
  await reloadAgain(world.server);
  await served();
}

/** A56. Each reload has other accounts than the one before. */
async function everNewAccounts(world: AttackWorld): Promise<void> {
  const { server } = world;
  const { config } = PROFILES.monitored;
  const rounds = scaled(30, 600);
  let before = 0;
  for (let round = 0; round < rounds; round += 1) {
    const users = repeat(5, (at) => {
      const user = `{ user: "new-${round}-${at}", password: p }`;
      return `NEW-${round}-${at} { users: [ ${user} ], exports: [ { service: "s.${at}" } ] }`;
    });
    const more = config.replace("accounts {", `accounts { ${users.join("\n")}`);
    const { isTaken, said } = await reloadWith(server, more);
    check(isTaken, `reload ${round} was refused: ${said}`);
    if (round % 10 === 0) {
      (await world.login({ user: `new-${round}-0`, pass: "p" })).destroy();
    }
    // What the first reloads take is code and room for the garbage of the next ones.
    if (round === rounds / 3) before = server.residentBytes();
  }
  const grown = server.residentBytes() - before;
  const allowed = (IS_FULL ? 48 : 96) * MEGABYTE;
  check(grown < allowed, `${(grown / MEGABYTE).toFixed(0)} MB for ${rounds} reloads`);
  await reloadAgain(server);
  const old = await world.open();
  old.send('CONNECT {"user":"new-0-0","pass":"p"}\r\nPING\r\n');
  check(await old.closes(10_000), "a user of an account that is gone is let in");
}

export const ODD_FILES: readonly AttackCase[] = [
  { name: "A56: reloads of what is no text", profile: "monitored", run: oddIncludes },
  { name: "A56: reloads with ever new accounts", profile: "monitored", run: everNewAccounts },
  { name: "A33: TLS files that are no such files", profile: "mutual", run: oddCertificates },
];
