// The claim-push job: connections of users with tokens, then a new token of their account under which
// all of them are revoked. Measured from the push to the end of the last connection.
import { waitUntil } from "./clock.ts";
import type { ClaimPushJob, Figures } from "./job.ts";
import { type Link, openLink } from "./link.ts";

const OPENING_AT_ONCE = 32;
const EFFECT_DEADLINE_MS = 20_000;
const EXPIRED = "User Authentication Revoked";

export async function runClaimPush(job: ClaimPushJob): Promise<Figures> {
  const { target, logins, connections, system, subject, token } = job;
  const links: Link[] = [];
  let ended = 0;
  let lastAt = 0;
  while (links.length < connections) {
    const size = Math.min(OPENING_AT_ONCE, connections - links.length);
    const batch = Array.from({ length: size }, (_, at) =>
      openLink(target, logins[(links.length + at) % logins.length]),
    );
    links.push(...(await Promise.all(batch)));
  }
  for (const link of links) {
    let told = "";
    link.receive = (chunk, length) => {
      told += chunk.toString("latin1", 0, length);
    };
    link.whenClosed(() => {
      if (!told.includes(EXPIRED)) throw new Error(`closed with ${JSON.stringify(told)}`);
      ended += 1;
      lastAt = performance.now();
    });
  }
  const desk = await openLink(target, system);
  const pushedAt = performance.now();
  desk.write(`PUB ${subject} ${token.length}\r\n${token}\r\n`);
  await waitUntil(
    () => ended === connections,
    EFFECT_DEADLINE_MS,
    () => `${ended} ended`,
  );
  return { effectMs: lastAt - pushedAt };
}
