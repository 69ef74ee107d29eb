// A reload that is refused after some of it was prepared: files and ports are as before (RL-12).
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { describeWithWorkers, serverForTest } from "./server-under-test.ts";

const folder = mkdtempSync(join(tmpdir(), "weft-reload-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describeWithWorkers("a refused reload", (workers) => {
  it("RL-12: pid file and ports file are as before", async () => {
    const config = "max_payload: 100";
    const server = await serverForTest({ workers, config });
    const own = mkdtempSync(join(folder, "undone-"));
    const [absent, there] = [join(own, "new.pid"), join(own, "old.pid")];
    writeFileSync(there, "what was there");
    // The log is what is opened last.
    const bad = `log_file: "${own}/no/such/log"\nports_file_dir: "${own}"\n`;
    for (const file of [absent, there]) {
      const line = await server.reload(`${config}\n${bad}pid_file: "${file}"\n`);
      expect(line).toMatch(/error opening file/);
    }
    expect(readdirSync(own)).toEqual(["old.pid"]);
    expect(readFileSync(there, "utf8")).toBe("what was there");
    expect(await server.reload(`${config}\npid_file: "${there}"`)).toMatch(/^Reloaded/);
    expect(Number(readFileSync(there, "utf8"))).toBeGreaterThan(0);
  });
});
