// GP-1, SA-29, AN-74: what a session shows to those who are asked about its login, and how often.
import type { AuthSpec, CalloutQuestion, LoginAnswer, LoginQuestion } from "@weft/auth";
import { describe, expect, test } from "vitest";
import { World } from "./world.ts";

const CALLOUT = { issuer: "", account: "AUTH", authUsers: ["auth"], allowedAccounts: [] };
const USERS = [{ user: "ann", password: "right", account: "RED" }];
const ACCOUNTS = [{ name: "AUTH" }, { name: "RED" }, { name: "BLUE" }];
const WELCOME: LoginAnswer = { kind: "callout", user: { accountName: "BLUE", name: "" } };

function stage(auth: Partial<AuthSpec>, answer: LoginAnswer) {
  const asked: CalloutQuestion[] = [];
  const onQuestion = (question: LoginQuestion): LoginAnswer | undefined => {
    if (question.kind === "callout") asked.push(question);
    return question.kind === answer.kind ? answer : undefined;
  };
  const world = new World({ seed: 1, workers: 1, accounts: ACCOUNTS, auth, onQuestion });
  return { world, asked };
}

describe("what a callout service is shown", () => {
  const mixed = {
    accounts: [
      { name: "AUTH", mechanism: "static" },
      { name: "RED", mechanism: "static" },
      { name: "BLUE", mechanism: "callout" },
    ],
  } as const;

  test("SA-29: of a known user who cannot prove it, nothing that may nearly be right", () => {
    const { world, asked } = stage({ users: USERS, callout: CALLOUT, mixed }, WELCOME);
    const proofs = { pass: "righ", auth_token: "tokentoken", sig: "signature" };
    const client = world.connect(1, { user: "ann", ...proofs });
    client.ping();
    world.settle();
    expect(client.errors).toEqual(["Authorization Violation"]);
    expect(client.pongs).toBe(0);
    expect(asked).toHaveLength(1);
    // Lengths are those of others' questions, so that nobody tells them apart by size.
    expect(asked[0]?.connect).toMatchObject({
      user: "ann",
      pass: "????",
      token: "??????????",
      sig: "?????????",
    });
  });

  test("AN-63: of a stranger everything, and the service decides", () => {
    const { world, asked } = stage({ users: USERS, callout: CALLOUT, mixed }, WELCOME);
    const client = world.connect(1, { user: "joe", pass: "secret" });
    client.ping();
    world.settle();
    expect(asked.map(({ connect }) => [connect.user, connect.pass])).toEqual([["joe", "secret"]]);
    expect(client.errors).toEqual([]);
    expect(client.pongs).toBe(1);
  });

  test("AN-74: a connection that says CONNECT again and again asks a bounded number of times", () => {
    const { world, asked } = stage({ users: USERS, callout: CALLOUT }, WELCOME);
    const client = world.connect(1, { user: "joe", pass: "0" });
    world.settle();
    for (let count = 1; count < 40 && client.closedBy === undefined; count += 1) {
      client.connect({ user: "joe", pass: `${count}` });
      world.settle();
    }
    expect(asked).toHaveLength(16);
    expect(client.errors).toEqual(["Authorization Violation"]);
  });
});

test("GP-14: with a module, who sends no CONNECT is refused", () => {
  const plugin = { name: "module.js", timeoutMs: 1_000, authUsers: [] };
  for (const auth of [{}, { users: USERS, noAuthUser: "ann" }]) {
    const pings = (more: Partial<AuthSpec>) => {
      const { world } = stage({ ...auth, ...more }, WELCOME);
      const client = world.open(1);
      client.ping();
      world.settle();
      return { pongs: client.pongs, errors: client.errors };
    };
    expect(pings({})).toEqual({ pongs: 1, errors: [] });
    expect(pings({ plugin })).toEqual({ pongs: 0, errors: ["Authorization Violation"] });
  }
});
