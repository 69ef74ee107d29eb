// Entry of the bystander's thread: its two connections, its pace, its round trips.
import { parentPort, workerData } from "node:worker_threads";
import type { BystanderReport, BystanderSeed } from "./bystander.ts";
import { RawClient } from "./raw-client.ts";

const seed = workerData as BystanderSeed;
const SUBJECT = "bystander.question";
const INBOX = "_INBOX.bystander";

let trouble: string | undefined;
let roundTripsMs: number[] = [];
/** Number of a request -> when it left. */
const waiting = new Map<number, number>();
let asked = 0;

function onLines(client: RawClient, take: (line: string) => void): void {
  let rest = "";
  client.socket.on("data", (bytes: Buffer) => {
    client.forget();
    const lines = (rest + bytes.toString("latin1")).split("\r\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      if (line === "PING") client.send("PONG\r\n");
      else if (line.startsWith("-ERR")) trouble ??= line;
      else take(line);
    }
  });
  client.socket.on("close", () => {
    trouble ??= "connection lost";
  });
}

async function main(): Promise<void> {
  const responder = await RawClient.login(seed.port, seed.credentials, {}, seed.secure);
  const requester = await RawClient.login(seed.port, seed.credentials, {}, seed.secure);
  responder.send(`SUB ${SUBJECT} 1\r\n`);
  await responder.ping();
  // The reply subject of a request ends in its number, and so does the answer.
  onLines(responder, (line) => {
    const reply = /^MSG \S+ 1 (\S+) \d+$/.exec(line)?.[1];
    if (reply !== undefined) responder.send(`PUB ${reply} 2\r\nok\r\n`);
  });
  onLines(requester, (line) => {
    const number = Number(/^MSG _INBOX\.bystander\.(\d+) 1 \d+$/.exec(line)?.[1] ?? 0);
    const leftAt = waiting.get(number);
    if (leftAt === undefined) return;
    waiting.delete(number);
    roundTripsMs.push(performance.now() - leftAt);
    if (number === 1) parentPort?.postMessage({ kind: "up" });
  });
  requester.send(`SUB ${INBOX}.* 1\r\n`);
  setInterval(() => {
    asked += 1;
    waiting.set(asked, performance.now());
    requester.send(`PUB ${SUBJECT} ${INBOX}.${asked} 5\r\nhello\r\n`);
  }, seed.paceMs);
}

parentPort?.on("message", () => {
  const oldest = waiting.values().next().value;
  const waitingMs = oldest === undefined ? 0 : performance.now() - oldest;
  const report: BystanderReport = { roundTripsMs, waitingMs, trouble };
  roundTripsMs = [];
  parentPort?.postMessage({ kind: "report", report });
});

await main();
