import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { LoginQuestion } from "@weft/auth";
import { describe, expect, test } from "vitest";
import type { ControlPort } from "../ports.ts";
import type { ClientSession } from "./client-session.ts";
import { LoginTickets } from "./login-tickets.ts";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

describe("logins that wait for control", () => {
  test("A59: who has left is not kept until the answer comes", async () => {
    const asked: number[] = [];
    const control = { askForLogin: (ticket: number) => asked.push(ticket) };
    const tickets = new LoginTickets(control as unknown as ControlPort);
    const question: LoginQuestion = { kind: "hash", stored: "", given: "" };
    const leave = (): WeakRef<ClientSession> => {
      const session = { clientId: 1 } as ClientSession;
      tickets.ask(session, question);
      return new WeakRef(session);
    };
    const left = leave();
    // What a reference was made of or asked for stays until the turn is over.
    await new Promise((resolve) => setImmediate(resolve));
    collect();
    expect(left.deref()).toBeUndefined();
    expect(asked).toEqual([1]);
    tickets.answered(1, { kind: "hash", matches: true });
  });
});
