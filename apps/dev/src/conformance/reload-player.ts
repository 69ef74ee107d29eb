// Plays a pair of configurations against a server and notes what every client saw of it. Must stay
// true: nothing that two good servers may do differently is part of the notes (ids, addresses, the
// order of lines to one client).
import { eventually, pause, within } from "./deadline.ts";
import { openRaw, type RawClient } from "./raw-client.ts";
import type { ReloadClient, ReloadPair } from "./reload-pairs.ts";
import { type ServerUnderTest, startServer } from "./server-under-test.ts";

export interface Seen {
  /** Lines since the reload, in alphabetical order, without PONG and INFO. */
  readonly lines: readonly string[];
  readonly closed: boolean;
}

export interface ReloadNotes {
  readonly isRefused: boolean;
  readonly clients: readonly Seen[];
  readonly newcomers: readonly Seen[];
}

/** Of the timer with which the reference ends a connection above an account's subscriptions. */
const LATE_CLOSE_MS = 60;
/** On a busy machine. */
const CLOSED_WITHIN_MS = 5_000;

export interface PlayOptions {
  readonly workers: number;
  readonly command?: readonly string[] | undefined;
}

/** `wanted`: whoever is closed in these notes is waited for; what else comes is noted as it is. */
export async function playPair(
  pair: ReloadPair,
  options: PlayOptions,
  wanted?: ReloadNotes,
): Promise<ReloadNotes> {
  const server = await startServer({ config: pair.before, ...options });
  try {
    return await playOn(server, pair, wanted);
  } finally {
    await server.stop();
  }
}

/** The same with a server that has the pair's first configuration by now, and goes on. */
export async function playOn(
  server: ServerUnderTest,
  pair: ReloadPair,
  wanted?: ReloadNotes,
): Promise<ReloadNotes> {
  const clients: RawClient[] = [];
  const newcomers: RawClient[] = [];
  try {
    for (const client of pair.clients) clients.push(await connected(server.port, client));
    const outcome = await server.reload(pair.after);
    for (const [index, client] of clients.entries()) {
      await answered(client, pair.clients[index]?.sends);
    }
    for (const newcomer of pair.newcomers ?? []) {
      const client = await openRaw(server.port);
      newcomers.push(client);
      await client.waitFor(/^INFO .*\r\n/m);
      // Told why it may not stay, it may be closed before it could say anything.
      client.sendConnect(newcomer.fields);
      await answered(client);
    }
    await pause(LATE_CLOSE_MS, "the reference's delay before it ends a connection");
    await closedAs(wanted?.clients, clients);
    await closedAs(wanted?.newcomers, newcomers);
    // A delivery that came over another connection.
    for (const client of clients) await answered(client);
    return {
      isRefused: outcome.startsWith("Failed"),
      clients: notesOf(clients, pair),
      newcomers: newcomers.map(seen),
    };
  } finally {
    for (const client of [...clients, ...newcomers]) client.end();
  }
}

async function connected(port: number, given: ReloadClient): Promise<RawClient> {
  const client = await openRaw(port);
  await client.info();
  client.sendConnect(given.fields);
  for (const [index, subscription] of (given.subscriptions ?? []).entries()) {
    client.send(`SUB ${subscription} ${index + 1}\r\n`);
  }
  await client.ping();
  // The second INFO (CP-10) comes behind the first PONG.
  await client.ping();
  return client;
}

/** Sends `text` and PING, and waits for the PONG of this very one, or for the end. */
async function answered(client: RawClient, text = ""): Promise<void> {
  const { socket } = client;
  const answersBefore = pongsOf(client);
  if (client.isClosed) return;
  client.send(`${text}PING\r\n`);
  const answer = new Promise<void>((resolve) => {
    const look = (): void => {
      if (pongsOf(client) === answersBefore && !client.isClosed) return;
      socket.off("data", look);
      resolve();
    };
    socket.on("data", look).once("close", look);
  });
  await within(answer, "PONG, or the end");
}

function pongsOf({ received }: RawClient): number {
  return received.match(/^PONG\r$/gm)?.length ?? 0;
}

/** As many of them have been closed as in the notes, or will never be. */
async function closedAs(notes: readonly Seen[] = [], clients: readonly RawClient[]): Promise<void> {
  const wanted = notes.filter(({ closed }) => closed).length;
  const isEnough = (): true | undefined =>
    clients.filter(({ isClosed }) => isClosed).length >= wanted || undefined;
  await eventually(isEnough, "connections to be closed", CLOSED_WITHIN_MS).catch(() => undefined);
}

function notesOf(clients: readonly RawClient[], { draw }: ReloadPair): Seen[] {
  const all = clients.map(seen);
  if (draw !== true) return all;
  return all.sort((one, other) => JSON.stringify(one).localeCompare(JSON.stringify(other)));
}

/** The round trip is measured once and shown from then on. */
function withoutRoundTrip(line: string): string {
  return line.replace(/,"rtt":\d+/, "").replace(/^(HMSG .*) \d+ \d+$/, "$1");
}

function seen(client: RawClient): Seen {
  const lines = client.rest
    .split("\r\n")
    .filter((line) => line !== "" && line !== "PONG" && !line.startsWith("INFO"))
    .map(withoutRoundTrip)
    .sort();
  return { lines, closed: client.isClosed };
}
