// The programs that operators watch a server with, themselves: nats-top and the Prometheus exporter
// of NATS. Each is skipped, by name, where it is not installed; `WEFT_NATS_TOP` and
// `WEFT_NATS_EXPORTER` name them where they are not in PATH.
import { spawn, spawnSync } from "node:child_process";
import { expect, it, onTestFinished } from "vitest";
import { connectForTest } from "./client-library.ts";
import { eventually } from "./deadline.ts";
import {
  describeWithWorkers,
  freePort,
  type ServerUnderTest,
  serverForTest,
} from "./server-under-test.ts";

const TOP = process.env["WEFT_NATS_TOP"] ?? "nats-top";
const EXPORTER = process.env["WEFT_NATS_EXPORTER"] ?? "prometheus-nats-exporter";

/** Behind the name of a test: why it is skipped; empty = it is not. */
function whyNot(program: string, flag: string, variable: string): string {
  const isInstalled = spawnSync(program, [flag], { stdio: "ignore" }).error === undefined;
  return isInstalled ? "" : ` [skipped: ${program} is not here; ${variable} names it]`;
}

const whyNoTop = whyNot(TOP, "-v", "WEFT_NATS_TOP");
const whyNoExporter = whyNot(EXPORTER, "-version", "WEFT_NATS_EXPORTER");

/** A server with a monitoring port, and a client that sent itself three messages of five bytes. */
async function watched(workers: number): Promise<{ server: ServerUnderTest; http: number }> {
  const http = await freePort();
  const server = await serverForTest({ workers, config: `http: "127.0.0.1:${http}"` });
  const client = await connectForTest(server, { name: "watched-client" });
  const messages = client.subscribe("a.*", { max: 3 });
  for (const subject of ["a.b", "a.c", "a.d"]) client.publish(subject, "12345");
  for await (const _ of messages) await client.flush();
  client.subscribe("stays");
  await client.flush();
  return { server, http };
}

/** What a program writes until it ends; after ten seconds it is ended. */
function outputOf(program: string, flags: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, flags, { timeout: 10_000 });
    let text = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (more: string) => {
        text += more;
      });
    }
    child.once("error", reject);
    child.once("close", () => resolve(text));
  });
}

describeWithWorkers("tools that read the monitoring port", (workers) => {
  it.skipIf(whyNoTop !== "")(
    `nats-top shows server and client, in every order${whyNoTop}`,
    async () => {
      const { http } = await watched(workers);
      const base = ["-s", "127.0.0.1", "-m", String(http), "-d", "1", "-r", "1", "-u", "-o", "-"];
      for (const sort of ["cid", "subs", "pending", "msgs_to", "bytes_from", "last", "uptime"]) {
        const text = await outputOf(TOP, [...base, "-sort", sort]);
        expect(text).toMatch(/NATS server version 2\.14\.0 /);
        expect(text).toMatch(/In:\s+Msgs: 3\s+Bytes: 15 /);
        expect(text).toMatch(/Connections Polled: 1\n/);
        expect(text).toMatch(/watched-client\s+1\s+0\s+3\s+3\s+15\s+15 .*stays/);
      }
    },
  );

  it.skipIf(whyNoExporter !== "")(
    `the exporter turns every page into metrics${whyNoExporter}`,
    async () => {
      const { server, http } = await watched(workers);
      const port = await freePort();
      const wanted = ["varz", "connz", "connz_detailed", "subz", "routez", "gatewayz", "leafz"];
      const flags = [...wanted, "accstatz", "accountz", "healthz"].map((page) => `-${page}`);
      const at = ["-a", "127.0.0.1", "-p", String(port), "-jsz", "all"];
      const exporter = spawn(EXPORTER, [...flags, ...at, `http://127.0.0.1:${http}`], {
        stdio: "ignore",
      });
      onTestFinished(() => void exporter.kill("SIGKILL"));
      const scrape = async (): Promise<string | undefined> => {
        const answer = await fetch(`http://127.0.0.1:${port}/metrics`).catch(() => undefined);
        const text = await answer?.text();
        return text?.includes("gnatsd_varz_in_msgs") === true ? text : undefined;
      };
      const text = await eventually(scrape, "the exporter's page");
      const figure = (name: string, label = ""): number => {
        const line = text
          .split("\n")
          .find((one) => one.startsWith(`${name}{`) && one.includes(label));
        return Number(line?.split(" ").at(-1));
      };
      expect(figure("gnatsd_varz_in_msgs")).toBe(3);
      expect(figure("gnatsd_varz_out_bytes")).toBe(15);
      expect(figure("gnatsd_connz_num_connections")).toBe(1);
      expect(figure("gnatsd_connz_in_msgs", 'name="watched-client"')).toBe(3);
      expect(figure("gnatsd_subsz_num_subscriptions")).toBe(1);
      expect(figure("gnatsd_accstatz_received_messages", 'account="$G"')).toBe(3);
      expect(figure("gnatsd_accountz_client_connections", 'account_id="$G"')).toBe(1);
      // Its word for "ok".
      expect(figure("gnatsd_healthz_status")).toBe(0);
      expect(server.stderr).not.toContain("[ERR]");
    },
  );
});
