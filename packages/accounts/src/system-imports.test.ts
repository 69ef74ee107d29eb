// What every account imports of the system account, and what no account does (SY-30 to SY-36).
import { expect, test } from "vitest";
import type { AccountSnapshot } from "./snapshot.ts";
import { systemImport, systemImportSpecs } from "./system-imports.ts";

const STATISTICS = "$SYS.REQ.ACCOUNT.PING.STATZ";

function account(name: string, index = 2): AccountSnapshot {
  return { name, index } as AccountSnapshot;
}

test("SY-31: an account asks about itself", () => {
  expect(systemImport(account("APP"), STATISTICS)?.to).toBe("$SYS.REQ.ACCOUNT.APP.STATZ");
  expect(systemImportSpecs(account("APP"), "SYS").map(({ to }) => to)).toContain(STATISTICS);
});

test("an account that is called like all accounts is told nothing of the others", () => {
  expect(systemImport(account("PING"), STATISTICS)).toBeUndefined();
  expect(systemImport(account("PING"), "$SYS.REQ.USER.INFO")).toBeUndefined();
  expect(systemImportSpecs(account("PING"), "SYS")).toEqual([]);
});
