// A71, CVE-2026-33247: secrets in every slot of a login, against a server that logs all it can. The
// search for them is the runner's, over everything that the server said until its end.
import type { AttackCase, AttackWorld } from "../attack-case.ts";
import { credentialsOf } from "../profiles.ts";
import { secret } from "../secrets.ts";
import { check, refused } from "./expect.ts";

const SLOTS = ["pass", "auth_token", "jwt", "sig", "nkey", "proxy_sig"] as const;

async function secretsInLogs(world: AttackWorld): Promise<void> {
  const good = await world.login(credentialsOf("alice"));
  good.send("PUB x 1\r\n.\r\n");
  await good.ping();
  const lines = SLOTS.flatMap((slot) => [
    `CONNECT {"user":"nobody","${slot}":"${secret(slot)}"}\r\n`,
    `CONNECT {"user":"nobody","${slot}":"${secret(slot)}"\r\n`,
    `CONNECT {"verbose":true,"${slot}":["${secret(slot)}"]}\r\n`,
    `connect {"${slot}":"${secret(slot)}","${slot}":"${secret("again")}"}\r\n`,
    `CONNECTT {"${slot}":"${secret(slot)}"}\r\n`,
    `CONECT {"${slot}":"${secret(slot)}"}\r\n`,
    `CONNECT{"${slot}":"${secret(slot)}"}\r\n`,
    `CONNECT {"${slot}":"${secret(slot)}","name":"${"n".repeat(5_000)}"}\r\n`,
    `{"${slot}":"${secret(slot)}"}\r\n`,
  ]);
  for (const line of lines) {
    const client = await world.open();
    client.send(line);
    await refused(client, /-ERR|^$/, 3_000);
  }
  // A login that is never finished, and one more after a good one.
  const unfinished = await world.open();
  unfinished.send(`CONNECT {"user":"alice","pass":"${secret("unfinished")}`);
  await refused(unfinished, /Authentication Timeout/, 4_000);
  good.send(`CONNECT {"user":"alice","pass":"${secret("second")}"}\r\nPING\r\n`);
  await good.sees(/-ERR|PONG[\s\S]*PONG/, 3_000);
  check(world.server.output().length > 500, "the server logs nothing, so nothing was tested");
}

export const SECRETS: readonly AttackCase[] = [
  {
    name: "A71, CVE-2026-33247: secrets of logins in the log",
    profile: "talkative",
    run: secretsInLogs,
  },
];
