// A43, A57: messages that ask for a trace, with destinations, filters and crowds that were chosen to
// hurt. Whoever sends them may lose his own connection; nobody else may, and nobody gets what is not his.
import { type AttackCase, type AttackWorld, scaled } from "../attack-case.ts";
import { credentialsOf } from "../profiles.ts";
import type { RawClient } from "../raw-client.ts";
import { waitFor } from "../waiting.ts";
import { check, repeat } from "./expect.ts";

const LONG_MS = 60_000;
/** Longer than any subject between threads. */
const TOO_LONG = 70_000;
const EVENT_BYTES_MIN = 256 * 1024;
const EVENT_BYTES_MAX = 2 * 1024 * 1024;

function traced(subject: string, destination: string, more = "", reply = ""): string {
  const header = `NATS/1.0\r\nNats-Trace-Dest: ${destination}\r\n${more}\r\n`;
  const to = reply === "" ? subject : `${subject} ${reply}`;
  return `HPUB ${to} ${header.length} ${header.length + 1}\r\n${header}m\r\n`;
}

/** One on each worker and some more, all of whom want everything. */
async function crowd(world: AttackWorld): Promise<RawClient[]> {
  const clients = await Promise.all(
    repeat(2 * world.workers, () => world.login(credentialsOf("alice"))),
  );
  for (const client of clients) client.send("SUB news 1\r\nSUB _INBOX.> 2\r\n");
  for (const client of clients) check(await client.ping(), "a subscriber is not served");
  return clients;
}

async function longDestinations(world: AttackWorld): Promise<void> {
  const clients = await crowd(world);
  for (const client of clients) {
    client.send(traced("news", "d".repeat(TOO_LONG)));
    client.send(traced("news", "d".repeat(TOO_LONG), "Nats-Trace-Only: 1\r\n"));
  }
  for (const client of clients) check(await client.ping(LONG_MS), "somebody was cut off");
  // Delivered as if it had not asked; where only a trace was wanted, not at all.
  for (const client of clients) {
    const isThere = (): boolean => client.messages().length === clients.length;
    await waitFor(isThere, LONG_MS, "messages whose trace goes nowhere");
  }
}

/** Thousands of filters of control characters, six bytes each in the event. */
async function dearEvents(world: AttackWorld): Promise<void> {
  const subject = "\x01".repeat(3_900);
  const [publisher, listener] = await Promise.all([
    world.login(credentialsOf("alice")),
    world.login(credentialsOf("alice")),
  ]);
  listener.send("SUB told 1\r\n");
  await publisher.sendAll(repeat(4_096, (sid) => `SUB ${subject} ${sid}\r\n`).join(""));
  check(await publisher.ping(LONG_MS), "the subscriber is not served");
  check(await listener.ping(), "the listener is not served");
  const messages = scaled(8, 40);
  const one = traced(subject, "told", "Nats-Trace-Only: 1\r\n");
  await publisher.sendAll(repeat(messages, () => one).join(""));
  check(await publisher.ping(LONG_MS), "the publisher is not served");
  const areThere = (): boolean => listener.receivedBytes > messages * EVENT_BYTES_MIN;
  await waitFor(() => listener.isClosed || areThere(), LONG_MS, "events");
  check(await listener.ping(LONG_MS), "the reader of the events was cut off");
  for (const { payload } of listener.messages()) {
    check(payload.length < EVENT_BYTES_MAX, `an event of ${payload.length} bytes`);
  }
}

/** Reports that are given up for newer ones, beside requests through a service import. */
async function crowdedReports(world: AttackWorld): Promise<void> {
  const clients = await crowd(world);
  const service = await world.login(credentialsOf("service"));
  service.send("SUB svc.> 1\r\n");
  const strangers = await Promise.all(
    repeat(world.workers, () => world.login(credentialsOf("system"))),
  );
  const requester = await world.login(credentialsOf("bob"));
  requester.send("SUB inbox.* 9\r\n");
  const others = [...strangers, requester, service];
  for (const client of others) check(await client.ping(), "somebody is not served");
  for (const stranger of strangers) stranger.send("SUB f 1\r\n");
  const flood = repeat(5_000, () => traced("f", "t", "X-Secret: strange\r\n")).join("");
  const requests = 20;
  const sent = strangers.map((stranger) => stranger.sendAll(flood));
  for (let count = 0; count < requests; count += 1) {
    requester.send(traced("svc.a", "b.trace", "", `inbox.${count}`));
    await requester.ping(LONG_MS);
  }
  await Promise.all(sent);
  await waitFor(() => service.messages().length >= requests, LONG_MS, "requests");
  check(service.messages().length === requests, "a request came twice");
  check(!service.received.includes("strange"), "the service was told what a stranger published");
  // The text alone may stand in a port of INFO.
  check(
    !requester.received.includes("NATS/1.0 503"),
    "a request that was delivered was answered with 503",
  );
  for (const client of clients) check(await client.ping(LONG_MS), "somebody was cut off");
}

export const TRACES: readonly AttackCase[] = [
  {
    name: "A43: traces to destinations that fit nowhere",
    profile: "guarded",
    run: longDestinations,
  },
  {
    name: "A57: traces whose events are dear",
    profile: "guarded",
    fullWithinMs: 300_000,
    bystanderFloorMs: 1_000,
    run: dearEvents,
  },
  {
    name: "A43: traces in a crowd, beside requests",
    profile: "guarded",
    bystanderFloorMs: 1_000,
    run: crowdedReports,
  },
];
