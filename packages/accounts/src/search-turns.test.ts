// Whose turn it is to be searched again.
import { expect, test } from "vitest";
import { SearchTurns } from "./search-turns.ts";

/** Looks at an account that uses all it has and finds it too little. */
function exhaust(turns: SearchTurns, name: string): void {
  turns.beginAccount();
  turns.searches.stepsLeft = 0;
  turns.searches.isShort = true;
  turns.endAccount(name, true);
}

test("attack 45: who may be helped is looked at however many come that found no time", () => {
  const turns = new SearchTurns();
  turns.beginChange();
  // Has had the time of an account in vain.
  exhaust(turns, "CIRCLING");
  turns.retry();
  const looked: string[] = [];
  for (let change = 0; change < 3; change += 1) {
    turns.beginChange();
    for (let at = 0; at < 10; at += 1) exhaust(turns, `STARVED${change}.${at}`);
    for (const name of turns.waiting()) {
      looked.push(name);
      exhaust(turns, name);
    }
  }
  expect(looked.indexOf("CIRCLING")).toBe(1);
  expect(looked).toHaveLength(6);
});
