// The questions to an authentication module on control (GP-14): how long one waits, how many wait, and
// when nobody is asked any more. The module is a function here, as an embedding program has it.
import type { AuthenticationRequest, LoginAnswer } from "@weft/auth";
import { LIMITS } from "@weft/base";
import { defaultOptions, type ServerOptions } from "@weft/config";
import { expect, onTestFinished, test } from "vitest";
import { Authentication, EMBEDDED_HOOK } from "./authentication.ts";
import type { AuthenticationHook } from "./authentication-hook.ts";

const TIMEOUT_MS = 20;
/** Longer than any test takes. */
const PATIENT_MS = 60_000;
const REQUEST: AuthenticationRequest = {
  kind: "client",
  connectionType: "STANDARD",
  clientId: 1,
  address: "127.0.0.1",
  port: 1,
  nonce: "n",
  connect: {
    user: "ann",
    pass: "pa55",
    token: "",
    nkey: "",
    sig: "",
    jwt: "",
    name: "",
    lang: "",
    version: "",
    protocol: 1,
  },
};

function optionsOf(timeoutMs: number, name = EMBEDDED_HOOK): ServerOptions {
  return { ...defaultOptions(), authenticationModule: { name, timeoutMs, authUsers: [] } };
}

async function opened(hook: AuthenticationHook, timeoutMs: number) {
  const lines: string[] = [];
  const log = { write: (level: string, text: string) => void lines.push(`${level} ${text}`) };
  const module = new Authentication(hook, log as never);
  onTestFinished(() => module.close());
  await module.open(optionsOf(timeoutMs));
  return { module, lines, ask: async () => said(await module.ask(REQUEST)) };
}

function said(answer: LoginAnswer): string {
  if (answer.kind !== "plugin") return answer.kind;
  const { verdict } = answer;
  return verdict.kind === "refused" ? verdict.reason : verdict.kind;
}

test("GP-14: an answer that does not come in time is a refusal, and the hook is told", async () => {
  const signals: AbortSignal[] = [];
  const { module, ask } = await opened((_request, { signal }) => {
    signals.push(signal);
    return new Promise(() => undefined);
  }, TIMEOUT_MS);
  const began = performance.now();
  expect(await ask()).toBe(`no answer within ${TIMEOUT_MS}ms`);
  const tookMs = performance.now() - began;
  expect(tookMs).toBeGreaterThanOrEqual(TIMEOUT_MS - 2);
  expect(tookMs).toBeLessThan(PATIENT_MS / 10);
  const [signal] = signals;
  if (signal === undefined) throw new Error("not asked");
  if (!signal.aborted) await new Promise((done) => signal.addEventListener("abort", done));
  expect(module.facts()).toMatchObject({ asked: 1, late: 1, refused: 1, underWay: 0 });
});

test("GP-14: the time is each question's own: a later one is not cut short", async () => {
  let asked = 0;
  const { ask } = await opened(async () => {
    asked += 1;
    if (asked === 1) return new Promise<never>(() => undefined);
    return { account: "RED" };
  }, TIMEOUT_MS);
  expect(await Promise.all([ask(), ask()])).toEqual([`no answer within ${TIMEOUT_MS}ms`, "user"]);
});

test("GP-14: ten in a row without an answer, and nobody is asked; an answer ends the row", async () => {
  let isSilent = true;
  const { module, ask, lines } = await opened(
    () => (isSilent ? new Promise<never>(() => undefined) : "next"),
    TIMEOUT_MS,
  );
  const together = (count: number) => Promise.all(Array.from({ length: count }, ask));
  await together(9);
  isSilent = false;
  expect(await ask()).toBe("next");
  isSilent = true;
  await together(9);
  expect(module.facts()).toMatchObject({ state: "closed" });
  await ask();
  expect(module.facts()).toMatchObject({ state: "open", late: 19, notAsked: 0 });
  isSilent = false;
  expect(await ask()).toBe("it has not answered lately");
  expect(module.facts()).toMatchObject({ asked: 20, notAsked: 1 });
  expect(lines).toEqual(["warn Authentication module: no answers, nobody asks it for 1s"]);
});

test("GP-14: a bounded number waits, and each gives its place back", async () => {
  const answers: ((answer: "next") => void)[] = [];
  const { module, ask } = await opened(
    () => new Promise((answer) => answers.push(answer)),
    PATIENT_MS,
  );
  const max = LIMITS.moduleQuestionsUnderWayMax;
  const waiting = Array.from({ length: max }, ask);
  expect(await ask()).toBe("too many questions are under way");
  expect(module.facts()).toMatchObject({ underWay: max, notAsked: 1 });
  for (const answer of answers) answer("next");
  expect(new Set(await Promise.all(waiting))).toEqual(new Set(["next"]));
  expect(module.facts()).toMatchObject({ underWay: 0, granted: max });
});

test("SB-95: what it throws is told without what the client sent to prove itself", async () => {
  const { ask } = await opened(({ connect }) => {
    throw new Error(`no luck with ${connect.user}:${connect.pass}`);
  }, PATIENT_MS);
  expect(await ask()).toBe("no luck with ann:[REDACTED]");
});

test("GP-14 RL-13: a question is answered by the rules that it was asked under", async () => {
  const answers: ((answer: "next") => void)[] = [];
  const { module, ask } = await opened(
    () => new Promise((answer) => answers.push(answer)),
    PATIENT_MS,
  );
  const before = ask();
  const prepared = await module.prepare(optionsOf(TIMEOUT_MS));
  prepared?.commit();
  expect(await ask()).toBe(`no answer within ${TIMEOUT_MS}ms`);
  answers[0]?.("next");
  expect(await before).toBe("next");
});
