// The real nsc against the server: keys, tokens and credentials that it made (AN-43, AC-86 to AC-90).
// Without nsc on this machine the tests are skipped, by name.
import { describe, expect, it } from "vitest";
import { loginBy, NscStore, nsc, whyNoNsc } from "./nsc-store.ts";
import { describeWithWorkers, serverForTest } from "./server-under-test.ts";

describe.skipIf(nsc === undefined)(`nsc${whyNoNsc}`, () => {
  describeWithWorkers("against the server", (workers) => {
    it("AC-80: a configuration with a memory resolver, and a creds file", async () => {
      const store = new NscStore();
      const server = await serverForTest({ config: store.config("--mem-resolver"), workers });
      const [one, two] = await Promise.all([
        loginBy(server, store.creds("A", "u")),
        loginBy(server, store.creds("A", "u")),
      ]);
      one.subscribe("q", { callback: (_error, message) => void message.respond("yes") });
      await one.flush();
      expect((await two.request("q")).string()).toBe("yes");
    });

    it("AC-86 to AC-90, AN-49: push, revoke, prune", { timeout: 90_000 }, async () => {
      const store = new NscStore();
      const server = await serverForTest({ config: store.directoryConfig(), workers });
      const url = `nats://${server.url}`;
      expect(store.run("push", "-A", "-u", url)).toContain("jwt updated");
      const client = await loginBy(server, store.creds("A", "u"));
      await client.flush();
      store.run("revocations", "add-user", "-a", "A", "-n", "u");
      expect(store.run("push", "-a", "A", "-u", url)).toContain("jwt updated");
      expect(String(await client.closed())).toMatch(/revoked/i);
      store.run("add", "account", "-n", "B");
      store.run("push", "-a", "B", "-u", url);
      store.run("delete", "account", "-n", "B", "-F");
      expect(store.run("push", "--prune", "-u", url)).toMatch(/pruned|deleted 1 accounts/);
    });
  });
});
