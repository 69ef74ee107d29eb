// SU-31, AC-24, AC-28: what mappings and imports make of a subject may be longer than anything that a
// client can write. Lengths travel between threads in 16 bits, beside the account: what does not fit
// reaches nobody, in no account.
import { expect, test } from "vitest";
import { World } from "./world.ts";

const REPEATED = Array.from({ length: 40 }, () => "$1").join(".");
/** 40 times this are 80,000 bytes. */
const TOKEN = "t".repeat(2_000);
const SHORT = "t";

const USERS = ["one", "other", "importer"].map((user) => {
  return { user, password: "x", account: user.toUpperCase() };
});
const LOGINS = USERS.map(({ user }) => ({ user, pass: "x" }));

test("A43: a subject that grows beyond 65,535 bytes reaches nobody, on any thread", () => {
  for (const workers of [1, 2]) {
    const world = new World({
      seed: 5,
      workers,
      laneBytes: 1 << 20,
      users: USERS,
      accounts: [
        {
          name: "ONE",
          exports: [
            { kind: "stream", subject: "out.*" },
            { kind: "service", subject: "ask.>" },
          ],
          mappings: [
            { source: "fixed.*", destinations: [{ subject: `f.${REPEATED}` }] },
            {
              source: "drawn.*",
              destinations: [
                { subject: `d1.${REPEATED}`, weight: 50 },
                { subject: `d2.${REPEATED}`, weight: 50 },
              ],
            },
          ],
        },
        { name: "OTHER" },
        {
          name: "IMPORTER",
          imports: [{ kind: "stream", account: "ONE", subject: "out.*", to: `in.${REPEATED}` }],
        },
      ],
    });
    const receivers = LOGINS.map((login) => world.connect(workers, login));
    for (const receiver of receivers) receiver.subscribe("1", ">");
    const publisher = world.connect(1, LOGINS[0]);
    world.settle();
    for (const token of [TOKEN, SHORT]) {
      for (const first of ["fixed", "drawn", "out"]) publisher.publish(`${first}.${token}`, "m");
      world.settle();
    }
    expect(world.faults).toEqual([]);
    const got = receivers.map(({ deliveries }) =>
      deliveries.map(({ subject }) => subject.slice(0, 4)).map((text) => text.replace(/\d/, "")),
    );
    expect(got).toEqual([["out.", "f.t.", "d.t", "out."], [], ["in.t"]]);
  }
});
