// Health is told whatever becomes of other pages.
import { compileAccounts } from "@weft/accounts";
import { LIMITS } from "@weft/base";
import { defaultOptions } from "@weft/config";
import { expect, test } from "vitest";
import { RunningServer } from "./running-server.ts";
import { RecordingLog } from "./testing/echo-server.ts";

test("attack 20: /healthz is answered while no other page has a turn", async () => {
  const monitoring = { host: "127.0.0.1", port: 0, secure: false, basePath: "/base" };
  const options = { ...defaultOptions(), host: "127.0.0.1", port: 0, workers: 1, monitoring };
  const accounts = compileAccounts([]);
  if (!accounts.ok) throw new Error("the accounts do not compile");
  const coreModule = new URL("./testing/echo-core.ts", import.meta.url).href;
  const log = new RecordingLog();
  const server = new RunningServer({ options, accounts: accounts.snapshot, log, coreModule });
  try {
    await server.start();
    const { turns } = await server.monitor();
    let letGo = (): void => undefined;
    const readers = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    for (let turn = 0; turn < LIMITS.monitorPagesAtOnce; turn += 1) {
      void turns.take("http", () => readers);
    }
    const varz = fetch(`${server.monitoringUrl}/base/varz`);
    const health = await fetch(`${server.monitoringUrl}/base/healthz`);
    expect([health.status, await health.text()]).toEqual([200, '{"status":"ok"}']);
    expect(turns.waiting).toBe(1);
    letGo();
    expect((await varz).status).toBe(200);
  } finally {
    await server.close();
  }
});
