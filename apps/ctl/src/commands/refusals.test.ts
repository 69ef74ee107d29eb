// What commands refuse, with the words that say why; the store stays as it was.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Bench } from "../testing/bench.ts";
import { readTree } from "../testing/tree.ts";

async function installation(): Promise<Bench> {
  const bench = new Bench();
  for (const line of [
    "add operator --name O --sys --generate-signing-key",
    "add account --name A",
    "add account --name B",
    "edit account --name A --sk generate",
    "edit signing-key --account A --sk generate --role r1 --allow-pub x",
    "edit signing-key --account A --sk generate --role r2",
    "add user --account A --name u",
    "add user --account A --name s -K r1",
    "add user --account A --name token --bearer",
    "add export --account A --subject e.>",
    "add export --account A --subject p.* --private",
    "add export --account A --subject svc --service",
    "generate nkey --user --store",
  ]) {
    await bench.done(...line.split(" "));
  }
  return bench;
}

/** Command line → exit code and a part of what is said. */
const REFUSALS: readonly (readonly [string, number, string])[] = [
  ["add operator --name O", 1, 'operator "O" is already in'],
  ["add operator", 2, "--name is required"],
  ["add operator --name a/b", 1, 'operator name "a/b" has a / or \\'],
  ["add account --name ..", 1, 'account name ".." is no name of a file'],
  ["add account --name a", 1, 'account "a" is already under operator "O"'],
  ["add account --name X --public-key UABC", 1, "is no role, no public key and no file"],
  ["add account --name X -K nothing", 1, '"nothing" is no role, no public key'],
  ["add account --name X --expiry soon", 2, '--expiry: "soon" is no date such as'],
  ["add account --name X --operator Q", 1, 'operator "Q" is not in'],
  ["add user --name v", 2, "several accounts (A, B, SYS): choose one with --account"],
  ["add user --name u --account A", 1, 'user "u" is already in account "A"'],
  ["add user --name v --account Z", 1, 'account "Z" is not under operator "O"'],
  ["add user --name v --account A --allow-pub a..b", 1, "cannot contain consecutive"],
  ["add user --name v --account A --source-network 300.0.0.0/8", 1, "300.0.0.0/8"],
  ["add user --name v --account A -K r1 --allow-pub y", 1, 'role "r1" says what its users may do'],
  ["add user --name v --account A -K r3", 1, '"r3" is no role'],
  ["edit user --name s --account A --subs 5", 1, 'role "r1" says what user "s" may do'],
  ["edit user --name q --account A --tag t", 1, 'user "q" is not in account "A"'],
  ["edit user --name u --account A --time 8-9", 2, '--time: "8-9" is not of the form'],
  ["edit user --name u --account A --locale Mars", 2, '--locale: "Mars" is no time zone'],
  ["edit user --name u --account A --conn-type PIGEON", 2, '"PIGEON" is none of STANDARD'],
  ["edit account --name A --conns many", 2, '--conns: "many" is no number'],
  ["edit account --name A --disallow-bearer", 1, 'user "token" has a bearer token'],
  ["edit account --name A --rm-sk r9", 1, "--rm-sk: r9 is no signing key of the account"],
  ["edit account --name A --trace-context-sampling 5", 2, "needs --trace-context-subject"],
  ["edit account --name A --trace-context-subject a.>", 1, "not a valid publish subject"],
  ["edit account --name A --js-disable --js-enable 1", 2, "stands alone among the JetStream"],
  ["edit account --name A --rm-js-tier 3", 1, "the account has no tier R3"],
  ["edit account --name SYS --js-enable 0", 1, "the system account cannot have JetStream"],
  ["edit account --name A --info-url nowhere:x:y", 1, "error parsing info url"],
  ["edit operator --account-jwt-server-url gopher://x", 2, "is no nats://, tls://"],
  ["edit operator --system-account Z", 1, 'account "Z" is not under operator'],
  ["edit operator --require-signing-keys", 1, 'account "A" is signed by the identity'],
  ["edit signing-key --account A --sk generate --role r1", 1, 'role "r1" is that of another'],
  ["edit signing-key --account A", 2, "--sk is required"],
  ["add export --account A --subject e.>", 1, 'stream "e.>" is exported already'],
  ["add export --account A --subject x --latency l", 2, "--latency is for services"],
  ["add export --account A --subject x --service --sampling 5", 2, "--sampling needs --latency"],
  ["add export --account A --subject x --service --response-type Two", 2, '"Two" is none of'],
  [
    "add export --account A --subject x.* --private --account-token-position 2",
    2,
    "public exports",
  ],
  ["edit export --account A --name q", 2, "several exports"],
  ["delete export --account A --subject q", 1, 'no export of "q"'],
  ["add import --account B --remote-subject e.>", 2, "--src-account is required"],
  ["add import --account A --src-account A --remote-subject e.>", 1, "import from itself"],
  ["add import --account B --src-account A --remote-subject e.> --share", 2, "is for services"],
  ["add import --account B --token nowhere", 1, "cannot read nowhere: no such file"],
  ["delete import --account B --subject q", 1, 'no import of "q"'],
  ["add mapping --account A --from a", 2, "--to is required"],
  ["add mapping --account A --from a --to b --weight 101", 2, "101 is not from 1 to 100"],
  ["delete mapping --account A --from a", 1, 'no such mapping of "a"'],
  ["edit authcallout --account A", 2, "nothing to change"],
  ["edit authcallout --account A --allowed-account *", 1, "without users"],
  ["revocations add-user --account A", 2, "--name or --user-public-key is required"],
  ["revocations add-user --account A --user-public-key x", 2, "is no public key of a user"],
  ["revocations delete-user --account A --name u", 1, "is not revoked"],
  ["revocations add-activation --account A -s e.> -t Z", 1, 'account "Z" is not under'],
  ["generate nkey --user", 2, "the seed would be lost"],
  ["generate nkey --store", 2, "say one kind"],
  ["generate activation --account A --subject e.x -t B", 1, 'no private export of "e.x"'],
  ["generate config", 2, "say one of --mem-resolver"],
  ["generate config --nats-resolver-cache --allow-delete", 2, "a cache knows no"],
  ["describe account A --json --raw", 2, "exclude each other"],
  ["describe account A --field nats.nothing", 1, "the claims have no nats.nothing"],
  ["describe jwt nowhere", 1, "cannot read nowhere"],
  ["push --all", 2, "no server: name one with -u"],
  ["push -a A -u https://x", 1, "account servers by HTTP are not supported"],
  ["push -a A -u ws://x", 1, "only nats:// and tls:// are supported"],
  ["push --diff --prune", 2, "exclude each other"],
  ["pull", 2, "--all or --account is required"],
  ["pull --all -u nats://127.0.0.1:1", 1, "cannot connect to 127.0.0.1:1"],
];

test("SA-35: what cannot be done is refused with the place, and changes nothing", async () => {
  const bench = await installation();
  const before = readTree(bench.home);
  for (const [line, wanted, part] of REFUSALS) {
    const { code, out, error } = await bench.run(...line.split(" "));
    expect([line, code, out]).toEqual([line, wanted, ""]);
    expect(error, line).toContain(part);
    expect(error, line).toMatch(/^weftctl: /m);
  }
  expect(readTree(bench.home)).toEqual(before);
});

test("an activation for another account is not imported", async () => {
  const bench = await installation();
  const file = bench.path("p.jwt");
  await bench.done("generate", "activation", "-a", "A", "-s", "p.x", "-t", "SYS", "-o", file);
  const { code, error } = await bench.run("add", "import", "-a", "B", "--token", file);
  expect([code, error]).toEqual([1, expect.stringContaining("the activation is for account A")]);
});

test("a token in the store that nobody has signed stops what reads it, with its path", async () => {
  const bench = await installation();
  const path = join(bench.home, "O/accounts/A/A.jwt");
  const token = readTree(bench.home)["O/accounts/A/A.jwt"]!.text;
  const [header, , signature] = token.split(".");
  const body = Buffer.from(JSON.stringify({ sub: "x", nats: {} })).toString("base64url");
  for (const text of ["", "x", `${header}.${body}.${signature}`, token.slice(0, -4)]) {
    writeFileSync(path, text);
    const { code, error } = await bench.run("describe", "account", "A");
    expect([code, error]).toEqual([1, expect.stringContaining(`${path}: `)]);
    const { code: checked, out } = await bench.run("validate");
    expect([checked, out]).toEqual([1, expect.stringContaining(`error: account "A": ${path}`)]);
  }
});
