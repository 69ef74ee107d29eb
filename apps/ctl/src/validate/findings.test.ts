// Every kind of finding about a store or a file, each made to happen.
import { copyFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { Bench } from "../testing/bench.ts";
import { readTree } from "../testing/tree.ts";

interface Found {
  readonly place: string;
  readonly level: string;
  readonly text: string;
}

async function installation(...lines: string[]): Promise<Bench> {
  const bench = new Bench();
  await bench.done("add", "operator", "O", "--sys", "--generate-signing-key");
  await bench.done("add", "account", "A");
  await bench.done("add", "account", "B");
  for (const line of lines) await bench.done(...line.split(" "));
  return bench;
}

/** Findings as `level place: text`. */
async function findings(bench: Bench, ...more: string[]): Promise<string[]> {
  const { out, code } = await bench.run("validate", "--json", ...more);
  const list = JSON.parse(out) as Found[];
  expect(code).toBe(list.some(({ level }) => level !== "warning") ? 1 : 0);
  return list.map(({ place, level, text }) => `${level} ${place}: ${text}`);
}

const DAY_MS = 86_400_000;

describe("findings about a store (SA-35)", () => {
  test("none about a good one; expired, not yet valid, revoked", async () => {
    const bench = await installation(
      "add user --account A --name u --expiry 1d",
      "add user --account A --name late --start 3d",
      "add user --account A --name bad",
      "edit account --name B --expiry 1d",
    );
    expect(await findings(bench)).toEqual([
      'time user "late" of account "A": claim is not yet valid',
    ]);
    bench.nowMs += 2 * DAY_MS;
    await bench.done("revocations", "add-user", "-a", "A", "--name", "bad");
    expect(await findings(bench)).toEqual([
      'warning user "bad" of account "A": is revoked by the account',
      'time user "late" of account "A": claim is not yet valid',
      'time user "u" of account "A": claim is expired',
      'time account "B": claim is expired',
    ]);
  });

  test("keys that may not sign", async () => {
    const bench = await installation(
      "edit account --name A --sk generate",
      "edit signing-key --account A --sk generate --role r",
      "add user --account A --name scoped -K r",
    );
    await bench.done("add", "user", "-a", "A", "-n", "plain");
    await bench.done("edit", "account", "A", "--rm-sk", "r");
    const key = (await bench.done("describe", "operator", "-F", "nats.signing_keys.0")).trim();
    await bench.done("edit", "account", "B", "-K", key);
    expect(await findings(bench)).toEqual([
      'error user "scoped" of account "A": is not issued by a key of the account',
    ]);
    await bench.done("edit", "operator", "--rm-sk", key);
    const found = await findings(bench, "--account", "B");
    expect(found).toEqual([
      'error account "B": is not issued by a key of the operator that may sign',
    ]);
  });

  test("imports that do not work, and activations", async () => {
    const bench = await installation(
      "add export --account A --subject e.> --private",
      "add import --account B --src-account A --remote-subject e.x --local-subject x",
      "add import --account B --src-account A --remote-subject other --local-subject y",
    );
    const found = await findings(bench);
    expect(found).toHaveLength(2);
    expect(found.every((line) => line.startsWith('error account "B": stream import'))).toBe(true);
  });

  test("names that differ, creds of others, old creds, files that are no tokens", async () => {
    const bench = await installation(
      "add user --account A --name u",
      "add user --account A --name v",
    );
    const users = join(bench.home, "O/accounts/A/users");
    const creds = join(bench.home, "creds/O/A");
    copyFileSync(join(users, "u.jwt"), join(users, "copy.jwt"));
    renameSync(join(creds, "v.creds"), join(creds, "u.creds"));
    expect(await findings(bench)).toEqual([
      'error user "copy" of account "A": is called "u" in its token',
      'error user "u" of account "A": creds file: the seed is that of another user',
    ]);
    await bench.done("generate", "creds", "u", "-a", "A");
    await bench.done("generate", "creds", "v", "-a", "A", "-o", bench.path("kept"));
    bench.nowMs += DAY_MS;
    await bench.done("edit", "user", "v", "-a", "A", "--tag", "t");
    copyFileSync(bench.path("kept"), join(creds, "v.creds"));
    writeFileSync(join(users, "copy.jwt"), "x");
    expect(await findings(bench, "--account", "A")).toEqual([
      `error user "copy" of account "A": ${join(users, "copy.jwt")}: expected 3 chunks`,
      'warning user "v" of account "A": creds file: the token is not the one of 2026-01-16 12:00:00 UTC',
    ]);
  });

  test("an operator without a system account", async () => {
    const bench = new Bench();
    await bench.done("add", "operator", "O");
    expect(await findings(bench)).toEqual([
      'warning operator "O": no system account: push, pull and monitoring by message need one',
    ]);
  });
});

describe("findings about files (AC-55)", () => {
  test("a token, a creds file, lines as servers send them", async () => {
    const bench = await installation("add user --account A --name u --expiry 1d");
    const tree = readTree(bench.home);
    const account = tree["O/accounts/A/A.jwt"]!.text;
    const user = tree["O/accounts/A/users/u.jwt"]!.text;
    const creds = tree["creds/O/A/u.creds"]!.text;
    const file = bench.path("f");
    const check = async (text: string): Promise<string[]> => {
      writeFileSync(file, text);
      return findings(bench, "--file", file);
    };
    expect(await check(account)).toEqual([]);
    expect(await check(creds)).toEqual([]);
    expect(await check(creds.replace(user, account))).toEqual([
      `error ${file}: the seed is that of another user`,
    ]);
    expect(await check(`KEY|${account}\n\nKEY|${account.slice(0, -3)}\n`)).toEqual([
      `error ${file}:3: signature is not base64url of 64 bytes`,
    ]);
    expect(await check("")).toEqual([`error ${file}: no token`]);
    expect(await check("-----BEGIN-----")).toEqual([`error ${file}: expected 3 chunks`]);
    bench.nowMs += 2 * DAY_MS;
    expect(await check(creds)).toEqual([`time ${file}: claim is expired`]);
    expect((await bench.run("decode", file)).out).toContain("time: ");
  });

  test("decode shows claims of every kind and nothing that moves a terminal", async () => {
    const bench = await installation("add export --account A --subject p --private");
    const activation = bench.path("a.jwt");
    await bench.done("generate", "activation", "-a", "A", "-t", "B", "-o", activation);
    const [shown] = JSON.parse(await bench.done("decode", "--json", activation)) as {
      claims: { nats: { type: string } };
    }[];
    expect(shown?.claims.nats.type).toBe("activation");
    expect(await bench.done("decode", activation)).toContain("May import  stream p");
    await bench.done("edit", "account", "A", "--description", "\u001b[2Jgone\u202e");
    const text = await bench.done("describe", "account", "A");
    expect(text).toContain("\ufffd[2Jgone\ufffd");
  });

  test("JSON and plain values have escapes for what a terminal would obey", async () => {
    const bench = await installation();
    const description = "a\u001b[2Jb\u007fc\u009b31md\u202ee\u2066f\u200fg\u2028h\u{e0041}\u200d\n";
    await bench.done("edit", "account", "A", "--description", description);
    const token = bench.path("account.jwt");
    writeFileSync(token, await bench.done("describe", "account", "A", "--raw"));
    const escaped =
      "a\\u001b[2Jb\\u007fc\\u009b31md\\u202ee\\u2066f\\u200fg\\u2028h\\udb40\\udc41\u200d";
    const json = await bench.done("describe", "account", "A", "--json");
    expect(json).toContain(`${escaped}\\n"`);
    expect(JSON.parse(json)).toMatchObject({ nats: { description } });
    const decoded = await bench.done("decode", "--json", token);
    expect(decoded).toContain(escaped);
    expect(JSON.parse(decoded)).toMatchObject([{ claims: { nats: { description } } }]);
    const field = await bench.done("describe", "account", "A", "--field", "nats.description");
    expect(field).toBe(`${escaped}\n\n`);
  });
});
