import { LIMITS } from "@weft/base";
import { expect, test } from "vitest";
import { type MadePage, PageMaker } from "./page-maker.ts";
import { RenderTurns } from "./render-turns.ts";
import { until } from "./testing/echo-server.ts";

const LARGE = LIMITS.monitorPageBytesMax;

/** Only counted: nobody reads it. */
async function pageOf(bytes: number): Promise<MadePage> {
  return { page: { status: 200, contentType: "text/plain" }, pieces: [], bytes };
}

interface Asked {
  readonly made: () => number;
  readonly cut: () => boolean;
  gone: boolean;
  readonly done: Promise<unknown>;
}

function ask(pages: PageMaker, bytes: number): Asked {
  let made = 0;
  let isCut = false;
  const make = (): Promise<MadePage> => {
    made += 1;
    return pageOf(bytes);
  };
  const asker = {
    address: "10.0.0.1",
    isGone: () => asked.gone,
    cut: () => {
      isCut = true;
    },
  };
  const done = Promise.resolve().then(() => pages.make(make, asker));
  const asked: Asked = { made: () => made, cut: () => isCut, gone: false, done };
  return asked;
}

test("attack 20: pages that nobody reads keep no turn, and no small page waits for them", async () => {
  const bounds = { http: 100, system: 1, account: 1 };
  const turns = new RenderTurns({ atOnce: LIMITS.monitorPagesAtOnce, waitingMax: bounds });
  const pages = new PageMaker(turns);
  const greedy = Array.from({ length: 40 }, () => ask(pages, LARGE));
  await until(() => greedy.every(({ made }) => made() > 0) && turns.running === 0);
  for (let count = 0; count < 100; count += 1) {
    const page = await pages.make(() => pageOf(1_000), {
      address: "10.0.0.2",
      isGone: () => false,
      cut: () => undefined,
    });
    expect(page?.bytes).toBe(1_000);
    page?.hold.release();
  }
  expect(turns.waiting).toBe(0);
  // Who is gone is not made a page again, and nobody waits for ever.
  for (const asked of greedy) asked.gone = true;
  await Promise.all(greedy.map(({ done }) => done));
  expect(greedy.filter(({ made }) => made() > 1).length).toBeLessThan(6);
  expect(greedy.some(({ cut }) => cut())).toBe(true);
});
