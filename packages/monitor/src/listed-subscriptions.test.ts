// MO-18: what is asked of a worker for a page: no more than the page can show.
import { LIMITS } from "@weft/base";
import type { SubscriptionEntry, SubscriptionPlace } from "@weft/broker";
import { expect, test } from "vitest";
import { CONNZ_DEFAULTS, connz } from "./connz.ts";
import type { Steps } from "./facts.ts";
import { collectSubscriptions, LISTED_PER_CONNECTION_MAX } from "./listed-subscriptions.ts";
import { isMistake, type Outcome } from "./page.ts";
import { PAGE_TOO_LARGE } from "./page-bytes.ts";
import { subsz } from "./subsz.ts";
import { FakeServer, fakeConnection } from "./testing/fake-server.ts";

function entries(clientId: number, count: number): SubscriptionEntry[] {
  return Array.from({ length: count }, (_, sid) => {
    return { clientId, account: 0, subject: "s", sid: String(sid), delivered: 0, max: 0 };
  });
}

test("A57, MO-18: a worker is told how many of a connection and of the page are wanted", () => {
  const { facts } = new FakeServer();
  const worker = facts.workers()[0]?.threadIndex ?? -1;
  const steps = collectSubscriptions(facts, [{ clientId: 7, worker }], {
    entriesMax: 100,
    textMax: 1_000,
  });
  const next: SubscriptionPlace = { clientId: 7, passed: 60, listed: 60 };
  expect(steps.next().value).toMatchObject({
    query: { clientIds: [7], take: 100, takeOfEach: LISTED_PER_CONNECTION_MAX },
  });
  const second = steps.next({ entries: entries(7, 60), matched: 60, next });
  expect(second.value).toMatchObject({ query: { from: next, take: 40 } });
  const last = steps.next({ entries: entries(7, 40), matched: 900, next });
  expect(last.done).toBe(true);
});

/** What a worker hands over at a time. */
const PIECE_TEXT = 1024 * 1024;
const LONG = "x".repeat(4_096);

interface Texts {
  readonly subject: string;
  readonly sid: string;
}

interface Handed {
  readonly outcome: Outcome;
  readonly text: number;
  readonly queries: readonly unknown[];
}

/** Drives a page with one connection that has many subscriptions, in pieces as workers make them. */
function handedTo(steps: Steps<Outcome>, { subject, sid }: Texts): Handed {
  let text = 0;
  let passed = 0;
  const queries: unknown[] = [];
  const entry = { clientId: 1, account: 0, subject, sid, delivered: 0, max: 0 };
  const count = PIECE_TEXT / (subject.length + sid.length);
  let step = steps.next();
  while (step.done !== true) {
    if (step.value.kind !== "subscriptions") {
      step = steps.next();
      continue;
    }
    queries.push(step.value.query);
    text += PIECE_TEXT;
    passed += count;
    const entries = Array.from({ length: count }, () => entry);
    const isLast = passed >= LISTED_PER_CONNECTION_MAX;
    const next = isLast ? undefined : { clientId: 1, passed, listed: passed };
    step = steps.next({ entries, matched: entries.length, next });
  }
  return { outcome: step.value, text, queries };
}

function mistakeOf({ outcome }: Handed): string | undefined {
  return isMistake(outcome) ? outcome.mistake : undefined;
}

test.each([
  ["names over HTTP", undefined, LIMITS.monitorPageBytesMax],
  ["names", { indent: "", bytesMax: LIMITS.systemPageBytesMax }, LIMITS.systemPageBytesMax],
])("MO-18: %s: long subjects are not collected beyond what the page may have", (_, form, max) => {
  const server = new FakeServer();
  server.open = [fakeConnection(1)];
  const options = { ...CONNZ_DEFAULTS, subscriptions: "names" } as const;
  const steps = connz(server.facts, options, form);
  const handed = handedTo(steps, { subject: LONG, sid: "" });
  expect(mistakeOf(handed)).toBe(PAGE_TOO_LARGE);
  expect(handed.text).toBeLessThanOrEqual(max + PIECE_TEXT);
  expect(handed.queries[0]).toMatchObject({ texts: ["subject"] });
});

test("MO-18: in detail sids count as well", () => {
  const server = new FakeServer();
  server.open = [fakeConnection(1)];
  const steps = connz(server.facts, { ...CONNZ_DEFAULTS, subscriptions: "detail" });
  const handed = handedTo(steps, { subject: "", sid: LONG });
  expect(mistakeOf(handed)).toBe(PAGE_TOO_LARGE);
  expect(handed.text).toBeLessThanOrEqual(LIMITS.monitorPageBytesMax + PIECE_TEXT);
});

test("MO-18: what is written of a page already leaves less room for what is collected", () => {
  const server = new FakeServer();
  // Two slices of five pieces, each of which the page would have room for alone.
  server.open = Array.from({ length: 512 }, (_, at) => fakeConnection(at + 1));
  const bytesMax = 8 * PIECE_TEXT;
  const options = { ...CONNZ_DEFAULTS, subscriptions: "detail" } as const;
  const steps = connz(server.facts, options, { indent: "", bytesMax });
  let pieces = 0;
  let step = steps.next();
  while (step.done !== true) {
    if (step.value.kind !== "subscriptions" || step.value.worker !== 1) {
      step = steps.next();
      continue;
    }
    pieces += 1;
    const { from, clientIds = [] } = step.value.query;
    const clientId = clientIds[0] ?? 0;
    const entry = { clientId, account: 0, subject: "s", sid: LONG, delivered: 0, max: 0 };
    const passed = from.passed + 256;
    const next = passed === 5 * 256 ? undefined : { clientId, passed, listed: passed };
    const entries = Array.from({ length: PIECE_TEXT / LONG.length }, () => entry);
    step = steps.next({ entries, matched: 256, next });
  }
  expect(step.value).toEqual({ mistake: PAGE_TOO_LARGE });
  expect(pieces).toBeLessThanOrEqual(8);
});

test.each([
  [undefined, LIMITS.systemPageBytesMax],
  [2 * PIECE_TEXT, 2 * PIECE_TEXT],
])("MO-24: /subsz does not collect more text than the page may have", (bytesMax, max) => {
  const { facts } = new FakeServer();
  const options = { subscriptions: true, offset: 0n, limit: 100_000n, account: "", test: "" };
  const handed = handedTo(subsz(facts, options, bytesMax), { subject: "", sid: LONG });
  expect(mistakeOf(handed)).toBe(PAGE_TOO_LARGE);
  expect(handed.text).toBeLessThanOrEqual(max + PIECE_TEXT);
});

test("MO-18: a filter by subject asks for no text, and for one subscription of each", () => {
  const server = new FakeServer();
  server.open = [fakeConnection(1)];
  const options = { ...CONNZ_DEFAULTS, account: "$G", filterSubject: "a.*" };
  const asked: unknown[] = [];
  const steps = connz(server.facts, options);
  for (let step = steps.next(); step.done !== true; step = steps.next()) {
    if (step.value.kind === "subscriptions") asked.push(step.value.query);
  }
  expect(asked).toMatchObject([{ colliding: "a.*", texts: [], takeOfEach: 1 }]);
});
