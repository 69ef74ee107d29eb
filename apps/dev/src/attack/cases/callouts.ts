// A34: callout services that are slow, dead or lie, and clients that make the most of it. Others log in
// as if nothing was.

import { type CalloutClaims, responseClaims, signToken } from "../../conformance/callout-tokens.ts";
import { type AttackCase, type AttackWorld, scaled } from "../attack-case.ts";
import { ISSUER, type Reply, rightAnswer, STRANGER, startService } from "../callout-world.ts";
import { credentialsOf } from "../profiles.ts";
import type { RawClient } from "../raw-client.ts";
import { secret } from "../secrets.ts";
import { waitFor } from "../waiting.ts";
import { check, refused, repeat, timed } from "./expect.ts";

const RESPONSE_BYTES = 70 * 1024;

async function attempt(world: AttackWorld, user: string): Promise<RawClient> {
  const client = await world.open();
  await client.sees(/^INFO /);
  const fields = { user, pass: secret(`of-${user}`), verbose: false };
  client.send(`CONNECT ${JSON.stringify(fields)}\r\nPING\r\n`);
  return client;
}

/** Static users log in at their usual speed. */
async function othersAreServed(world: AttackWorld, count: number): Promise<void> {
  for (let round = 0; round < count; round += 1) {
    const tookMs = await timed(() => world.login(credentialsOf("alice")));
    check(tookMs < 1_000, `a login without a callout waited ${tookMs.toFixed(0)} ms`);
  }
}

/** The service may have been left alone for a while: the login is tried until somebody asks again. */
async function letIn(world: AttackWorld, user: string): Promise<RawClient> {
  let client: RawClient | undefined;
  await waitFor(async () => {
    client = await attempt(world, user);
    return client.sees(/^PONG\r\n/m);
  }, 15_000);
  if (client === undefined) throw new Error("nobody gets in");
  return client;
}

/** Answers that are late, twice, for another login, unsigned, by another key, too large. */
async function lies(world: AttackWorld): Promise<void> {
  let first: CalloutClaims | undefined;
  const serverOf = ({ nats }: CalloutClaims): string => nats.server_id["id"] ?? "";
  const unsigned = (text: string): string => `${text.split(".").slice(0, 2).join(".")}.`;
  const kinds: Readonly<Record<string, (claims: CalloutClaims, reply: Reply) => void>> = {
    unsigned: (claims, reply) => reply(unsigned(rightAnswer(claims))),
    stranger: (claims, reply) => reply(rightAnswer(claims, STRANGER)),
    replayed: (claims, reply) => reply(rightAnswer(first ?? claims)),
    system: (claims, reply) => reply(rightAnswer(claims, ISSUER, "SYS")),
    large: (_claims, reply) => reply(Buffer.alloc(RESPONSE_BYTES, "A")),
    nothing: (_claims, reply) => reply(""),
    bytes: (_claims, reply) => reply(Buffer.from(repeat(256, (byte) => byte))),
    both: (claims, reply) => {
      const key = claims.nats.user_nkey;
      const nats = { jwt: "eyJ", error: "\u001b[2J\r\nforged line" };
      reply(signToken(responseClaims(key, serverOf(claims), nats), ISSUER));
    },
    refusedThenGranted: (claims, reply) => {
      reply(
        signToken(responseClaims(claims.nats.user_nkey, serverOf(claims), { error: "no" }), ISSUER),
      );
      reply(rightAnswer(claims));
    },
    late: (claims, reply) => void setTimeout(() => reply(rightAnswer(claims)), 1_500),
  };
  const service = await startService(world.port, (claims, reply) => {
    const kind = kinds[String(claims.nats.connect_opts["user"])];
    if (kind !== undefined) kind(claims, reply);
    else {
      first ??= claims;
      reply(rightAnswer(claims));
      reply(rightAnswer(claims));
    }
  });
  try {
    await letIn(world, "good");
    for (const name of Object.keys(kinds)) {
      await refused(await attempt(world, name), /Authorization Violation/);
    }
    const again = await attempt(world, "good");
    check(await again.sees(/^PONG\r\n/m), "after all that nobody gets in");
    check(!world.server.output().includes("\u001b[2J"), "the log shows what a service made up");
  } finally {
    await service.close();
  }
}

/** Very many logins that wait for a service that never answers. */
async function silence(world: AttackWorld): Promise<void> {
  const service = await startService(world.port, () => undefined);
  try {
    const waiting = await Promise.all(
      repeat(scaled(200, 1_500), (index) => attempt(world, `silent-${index}`)),
    );
    await othersAreServed(world, scaled(10, 50));
    await Promise.all(waiting.map((client) => refused(client, /Authorization Violation/, 10_000)));
  } finally {
    await service.close();
  }
  await othersAreServed(world, 3);
}

/** One connection that asks again and again, and connections that leave before the answer. */
async function restless(world: AttackWorld): Promise<void> {
  const service = await startService(world.port, (claims, reply) => reply(rightAnswer(claims)));
  try {
    const client = await letIn(world, "again");
    const before = service.requests.length;
    client.send(
      `CONNECT ${JSON.stringify({ user: "again", pass: "x", verbose: false })}\r\n`.repeat(64),
    );
    await refused(client, /Authorization Violation/, 10_000);
    const asked = service.requests.length - before;
    check(asked < 16, `one connection asked ${asked + 1} times`);
    for (let round = 0; round < scaled(30, 2_000); round += 1) {
      const gone = await attempt(world, "gone");
      gone.destroy();
    }
    await othersAreServed(world, 3);
    const last = await attempt(world, "last");
    check(await last.sees(/^PONG\r\n/m), "after connections that left nobody gets in");
  } finally {
    await service.close();
  }
}

export const CALLOUTS: readonly AttackCase[] = [
  { name: "A34: answers of a callout service that lies", profile: "asked", run: lies },
  {
    name: "A34: logins that wait for a service that is silent",
    profile: "asked",
    fullWithinMs: 120_000,
    bystanderFloorMs: 500,
    run: silence,
  },
  {
    name: "A34: one connection that asks without end",
    profile: "asked",
    fullWithinMs: 300_000,
    bystanderFloorMs: 500,
    run: restless,
  },
];
