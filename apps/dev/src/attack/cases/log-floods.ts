// A66: a log that many errors want to fill, and lines that somebody else would have written.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type AttackCase, type AttackWorld, scaled } from "../attack-case.ts";
import { credentialsOf } from "../profiles.ts";
import { secret } from "../secrets.ts";
import { waitFor } from "../waiting.ts";
import { check, refused, repeat } from "./expect.ts";

/** Lines of a thread in a second, and of one connection in it (LG-13). */
const THREAD_LINES_MAX = 1_000;
const CONNECTION_LINES_MAX = 20;
const FORGED = "FORGED-LINE";

function logLines({ server }: AttackWorld): string[] {
  return readFileSync(join(server.folder, "server.log"), "utf8").split("\n");
}

/** One connection whose every line is an error, each one another. */
async function errorsOfOne(world: AttackWorld): Promise<void> {
  const before = logLines(world).length;
  const startedAt = performance.now();
  const client = await world.login(credentialsOf("limited"));
  const count = scaled(5_000, 200_000);
  for (let from = 0; from < count; from += 1_000) {
    const lines = repeat(1_000, (index) => `PUB denied.${from + index} 0\r\n\r\n`);
    await client.sendAll(lines.join(""));
  }
  check(await client.ping(60_000), "no answer to wrong lines");
  const told = client.received.split("Permissions Violation").length - 1;
  check(told === count, `${told} of ${count} errors were told`);
  const isSummedUp = (): boolean => {
    return logLines(world)
      .slice(before)
      .some((line) => / other log lines of this connec/.test(line));
  };
  await waitFor(isSummedUp, 5_000, "a line about what was left out");
  const windows = Math.ceil((performance.now() - startedAt) / 1_000) + 1;
  const written = logLines(world).length - before;
  const allowed = windows * (CONNECTION_LINES_MAX + 1) + 10;
  check(written <= allowed, `${written} lines for one connection, ${allowed} allowed`);
}

/** Many strangers whose names are lines, colours and screens of their own. */
async function errorsOfMany(world: AttackWorld): Promise<void> {
  const before = logLines(world).length;
  const startedAt = performance.now();
  const count = scaled(400, 20_000);
  const batch = 100;
  const name = `\\r\\n[1] 2026/01/01 00:00:00 [INF] ${FORGED}\\u001b[2J\\u001b]0;x\\u0007\\u2028`;
  for (let from = 0; from < count; from += batch) {
    await Promise.all(
      repeat(batch, async (index) => {
        const client = await world.open();
        const user = `${name}${from + index}`;
        client.send(`CONNECT {"user":"${user}","pass":"${secret("log")}","name":"${user}"}\r\n`);
        client.send("PING\r\n");
        await refused(client, /Authorization Violation/);
      }),
    );
  }
  await waitFor(() => logLines(world).length > before, 5_000, "a line about refused logins");
  const windows = Math.ceil((performance.now() - startedAt) / 1_000) + 1;
  const lines = logLines(world).slice(before - 1);
  const allowed = windows * world.workers * (THREAD_LINES_MAX + CONNECTION_LINES_MAX);
  check(lines.length <= allowed, `${lines.length} lines for ${count}, ${allowed} allowed`);
  for (const line of lines) {
    check(!line.includes("\x1b") && !line.includes("\r"), `control bytes: ${JSON.stringify(line)}`);
    check(!/^\[1\] /.test(line), `a forged line: ${JSON.stringify(line)}`);
    check(line === "" || /^\[\d+\] /.test(line), `half a line: ${JSON.stringify(line)}`);
  }
}

export const LOG_FLOODS: readonly AttackCase[] = [
  { name: "A66: one connection that is all errors", profile: "monitored", run: errorsOfOne },
  {
    name: "A66: many strangers with names for the log",
    profile: "monitored",
    bystanderFloorMs: 1_000,
    run: errorsOfMany,
  },
];
