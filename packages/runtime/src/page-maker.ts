// Makes the pages that are asked for over HTTP: a turn, the page, room for its bytes. Control thread.
// Must stay true: a turn lasts as long as a page is made, and never waits for a reader; finished
// pages are bounded by budgets, one of them for small pages alone, whom large ones do not hold up.
import { LIMITS } from "@weft/base";
import type { FinishedPage } from "./monitor-answer.ts";
import { NOTHING_HELD, PageBudget, type PagePlace, type PageReader } from "./page-budget.ts";
import type { RenderTurns } from "./render-turns.ts";

/** A page as bytes, without a part of a budget. */
export type MadePage = Omit<FinishedPage, "hold">;

/** Who waits for a page, and loses it with its connection when others need the room. */
export interface PageAsker extends PageReader {
  /** Is gone: needs no page. */
  isGone(): boolean;
}

const BOUNDS = { graceMs: LIMITS.monitorGraceMs, patienceMs: LIMITS.monitorPatienceMs };

export class PageMaker {
  readonly #turns: RenderTurns;
  readonly #large = new PageBudget({
    ...BOUNDS,
    bytesMax: LIMITS.monitorWaitingBytesMax,
    waitingBytesMax: LIMITS.monitorWaitingBytesMax / 2,
  });
  readonly #small = new PageBudget({
    ...BOUNDS,
    bytesMax: LIMITS.monitorWaitingSmallBytesMax,
    waitingBytesMax: LIMITS.monitorWaitingSmallBytesMax / 2,
  });

  constructor(turns: RenderTurns) {
    this.#turns = turns;
  }

  /** At once and beside all others: for pages that are small, and cheap to make. */
  async makeNow(make: () => Promise<MadePage>): Promise<FinishedPage> {
    return { ...(await make()), hold: NOTHING_HELD };
  }

  /** In turn. Undefined = too many wait already, or nobody waits any more. */
  async make(make: () => Promise<MadePage>, asker: PageAsker): Promise<FinishedPage | undefined> {
    let place: PagePlace | undefined;
    try {
      for (;;) {
        const made = await this.#turns.take(
          "http",
          async () => (asker.isGone() ? undefined : make()),
          asker.address,
        );
        if (made === undefined) return undefined;
        const isSmall = made.bytes <= LIMITS.monitorSmallPageBytes;
        const budget = isSmall ? this.#small : this.#large;
        const hold = budget.take(made.bytes, asker, place);
        if (hold !== undefined) return { ...made, hold: await hold };
        // No room even to wait: it is thrown away, and made again when there is some.
        made.pieces.length = 0;
        place = await budget.place(
          isSmall ? LIMITS.monitorSmallPageBytes : LIMITS.monitorPageBytesMax,
          asker.address,
        );
      }
    } finally {
      place?.leave();
    }
  }
}
