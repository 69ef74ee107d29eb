import { expect, test } from "vitest";
import { LastTokens } from "./last-tokens.ts";

test("MO-20: tokens of finished connections are kept by number and by size, the newest ones", () => {
  const tokens = new LastTokens(3, 100);
  const end = (clientId: number, tokenText: string | undefined) =>
    tokens.takeFrom({ clientId, tokenText });
  const kept = (...ids: number[]) => ids.map((clientId) => tokens.of(clientId)?.length ?? 0);
  expect(end(1, "a".repeat(10))).toEqual({ clientId: 1 });
  for (const clientId of [2, 3, 4]) end(clientId, "b".repeat(10));
  end(5, undefined);
  expect(kept(1, 2, 3, 4, 5)).toEqual([0, 10, 10, 10, 0]);
  end(6, "c".repeat(85));
  expect(kept(2, 3, 4, 6)).toEqual([0, 0, 10, 85]);
  end(7, "d".repeat(101));
  expect(kept(4, 6, 7)).toEqual([0, 0, 0]);
});
