// A38 over sockets: users with random rights, plain and in queues; what is delivered is allowed.
import type { AttackCase, AttackWorld } from "../attack-case.ts";
import { credentialsOf, RANDOM_USERS } from "../profiles.ts";
import { isAllowed, matchesFilter, type RandomUser, SUBJECTS } from "../random-rights.ts";
import type { RawClient } from "../raw-client.ts";
import { check } from "./expect.ts";

async function subscribed(world: AttackWorld, user: RandomUser): Promise<RawClient> {
  const client = await world.login(credentialsOf(user.name));
  for (const [sid, filter] of user.filters.entries()) {
    client.send(`SUB ${filter}${sid % 2 === 0 ? "" : ` ${user.name}-${sid}`} ${sid}\r\n`);
  }
  check(await client.ping(), `${user.name}: a refusal closed the connection`);
  return client;
}

async function randomSubscribers(world: AttackWorld): Promise<void> {
  const clients = await Promise.all(RANDOM_USERS.map((user) => subscribed(world, user)));
  const publisher = await world.login(credentialsOf("alice"));
  publisher.send(SUBJECTS.map((subject) => `PUB ${subject} 1\r\n.\r\n`).join(""));
  await publisher.ping();
  await new Promise((resolve) => setTimeout(resolve, 100));
  let delivered = 0;
  for (const [place, client] of clients.entries()) {
    await client.ping();
    const user = RANDOM_USERS[place] as RandomUser;
    for (const { subject, sid } of client.messages()) {
      delivered += 1;
      const filter = user.filters[Number(sid)] ?? "";
      const isFair = matchesFilter(filter, subject) && isAllowed(user.subscribe, subject);
      check(isFair, `${user.name} got ${subject} through ${filter}: ${rulesOf(user)}`);
    }
    assertOpen(user, client);
  }
  check(delivered > 100, `only ${delivered} messages were delivered`);
}

/** Where nothing is denied, a filter that is allowed as it stands gets all of its subjects. */
function assertOpen(user: RandomUser, client: RawClient): void {
  const { allow, deny } = user.subscribe;
  if (deny.length > 0) return;
  for (const [sid, filter] of user.filters.entries()) {
    if (allow.length > 0 && !allow.includes(filter)) continue;
    const got = client.messages().filter((message) => message.sid === `${sid}`).length;
    const wanted = SUBJECTS.filter((subject) => matchesFilter(filter, subject)).length;
    check(got === wanted, `${user.name} got ${got} of ${wanted} through ${filter}`);
  }
}

function rulesOf(user: RandomUser): string {
  return JSON.stringify(user.subscribe);
}

async function randomPublishers(world: AttackWorld): Promise<void> {
  const watcher = await world.login(credentialsOf("alice"));
  watcher.send("SUB > 1\r\n");
  await watcher.ping();
  for (const user of RANDOM_USERS) {
    const client = await world.login(credentialsOf(user.name));
    const { length } = user.name;
    client.send(SUBJECTS.map((subject) => `PUB ${subject} ${length}\r\n${user.name}\r\n`).join(""));
    check(await client.ping(), `${user.name}: a refusal closed the connection`);
  }
  await new Promise((resolve) => setTimeout(resolve, 100));
  await watcher.ping();
  const messages = watcher.messages();
  for (const user of RANDOM_USERS) {
    const got = messages.filter(({ payload }) => payload === user.name);
    const wanted = SUBJECTS.filter((subject) => isAllowed(user.publish, subject));
    const subjects = got.map(({ subject }) => subject).join();
    check(subjects === wanted.join(), `${user.name} published ${subjects}, may ${wanted.join()}`);
  }
}

export const RANDOM_RIGHTS: readonly AttackCase[] = [
  { name: "A38: random rights to subscribe", profile: "random", run: randomSubscribers },
  { name: "A38: random rights to publish", profile: "random", run: randomPublishers },
];
