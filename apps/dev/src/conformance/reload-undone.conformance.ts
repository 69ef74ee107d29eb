// A reload that is refused after some of it was prepared: files and ports are as before (RL-12).
import { spawnSync } from "node:child_process";
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import https from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { describeWithWorkers, freePort, serverForTest } from "./server-under-test.ts";
import { certificates } from "./testdata/certificates.ts";
import { monitorStatus } from "./tls-monitor.ts";

const folder = mkdtempSync(join(tmpdir(), "weft-reload-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const kept = new https.Agent({ keepAlive: true });
afterAll(() => kept.destroy());

/** For a client that shows nothing but a certificate, and keeps its connection. */
function statusOf(port: number): Promise<number | undefined> {
  const shown = {
    cert: readFileSync(certificates.client),
    key: readFileSync(certificates.clientKey),
  };
  return monitorStatus(port, { ...shown, agent: kept });
}

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
    // A link is written through, and what is behind it comes back; of a pipe nobody waits for a reader.
    const [link, pipe] = [join(own, "link.pid"), join(own, "pipe")];
    symlinkSync(there, link);
    expect(spawnSync("mkfifo", [pipe]).status).toBe(0);
    expect(await server.reload(`${config}\n${bad}pid_file: "${link}"`)).toMatch(/error opening/);
    expect(readFileSync(there, "utf8")).toBe("what was there");
    const noReader = await server.reload(`${config}\npid_file: "${pipe}"`);
    expect(noReader).toMatch(/Could not write pidfile: ENXIO/);
    expect(await server.reload(`${config}\npid_file: "${there}"`)).toMatch(/^Reloaded/);
    expect(Number(readFileSync(there, "utf8"))).toBeGreaterThan(0);
  });

  it("RL-12: a monitoring port that would ask for certificates is back for the next reload", async () => {
    const monitor = await freePort();
    const config = (login: string, authority = certificates.ca): string => `
      https: "127.0.0.1:${monitor}"
      tls { cert_file: "${certificates.server}", key_file: "${certificates.serverKey}", ca_file: "${authority}" }
      monitor_login { tokens: [word], ${login} }`;
    const [byWord, byBoth] = [config(""), config("client_certificate: true")];
    const server = await serverForTest({ workers, config: byWord });
    expect(await statusOf(monitor)).toBe(401);
    for (let again = 0; again < 3; again += 1) {
      const bad = `${byBoth}\nlog_file: "${folder}/no/such/log"`;
      expect(await server.reload(bad)).toMatch(/error opening file/);
      expect(await server.reload(byWord)).toMatch(/^Reloaded/);
      expect(await statusOf(monitor)).toBe(401);
    }
    expect(await server.reload(byBoth)).toMatch(/^Reloaded/);
    expect(await statusOf(monitor)).toBe(200);
    const byOther = config("client_certificate: true", certificates.otherCa);
    expect(await server.reload(byOther)).toMatch(/^Reloaded/);
    expect(await statusOf(monitor)).toBe(401);
  });
});
