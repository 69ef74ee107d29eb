// The server inside another program, as the package `@weft/server` offers it, and the examples of
// README.md as they stand there.
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { connect } from "@nats-io/transport-node";
import { expect, it, onTestFinished } from "vitest";
import { codeBlocks, documentPages } from "../document-code.ts";
import { repositoryRoot } from "../tidy/source-file.ts";
import { within } from "./deadline.ts";
import { openRaw } from "./raw-client.ts";
import { freePort, workersCounts } from "./server-under-test.ts";

// By its name, so from the build, as another program would load it.
const { startServer, ConfigurationError } = await import("@weft/server");

type Server = Awaited<ReturnType<typeof startServer>>;

async function start(options: Parameters<typeof startServer>[0]): Promise<Server> {
  const server = await startServer(options);
  onTestFinished(() => server.close());
  return server;
}

const counts = workersCounts.map((count) => Math.max(1, count));

it.each(counts)("two servers in one process share nothing (%i workers)", async (workers) => {
  const [one, two] = [await start({ workers }), await start({ workers, name: "second" })];
  expect(one.url).not.toBe(two.url);
  const [atOne, atTwo] = [await connect({ servers: one.url }), await connect({ servers: two.url })];
  onTestFinished(async () => {
    await Promise.all([atOne.close(), atTwo.close()]);
  });
  expect(atTwo.info?.server_name).toBe("second");
  const heard: string[] = [];
  for (const [name, connection] of Object.entries({ atOne, atTwo })) {
    connection.subscribe("x", {
      callback: (_, message) => {
        heard.push(name + message.string());
      },
    });
  }
  await Promise.all([atOne.flush(), atTwo.flush()]);
  atOne.publish("x", "!");
  await Promise.all([atOne.flush(), atTwo.flush()]);
  const reply = atTwo.request("nobody", "", { timeout: 5_000 });
  await expect(reply).rejects.toThrow();
  expect(heard).toEqual(["atOne!"]);
});

it.each(counts)("close lets the port and all clients go (%i workers)", async (workers) => {
  const port = await freePort();
  for (let round = 0; round < 3; round++) {
    const server = await startServer({ port, workers });
    const connection = await connect({ servers: server.url, reconnect: false });
    const closed = connection.closed();
    await within(server.close(), "the server to close");
    await within(server.closed, "the promise of the end");
    await within(closed, "the client to hear of it");
    await expect(openRaw(port)).rejects.toThrow(/ECONNREFUSED/);
  }
});

it("takes a configuration and refuses a bad one with all its mistakes", async () => {
  const server = await start({ config: "authorization { user: ruth, password: pw }", workers: 1 });
  await expect(connect({ servers: server.url, reconnect: false })).rejects.toThrow();
  const connection = await connect({ servers: server.url, user: "ruth", pass: "pw" });
  await connection.close();
  const bad = startServer({ config: "max_payload: many\nno_such_option: 1" });
  await expect(bad).rejects.toThrow(ConfigurationError);
});

/** The block of README.md that imports a package. */
function example(library: string): string {
  const blocks = documentPages()
    .filter(({ path }) => path === "README.md")
    .flatMap((page) => codeBlocks(page, "ts"));
  const found = blocks.filter(({ code }) => code.includes(`from "${library}"`));
  expect(found).toHaveLength(1);
  return found[0]?.code ?? "";
}

/** What a program with this text says, which has to end by itself and well. */
async function outputOf(code: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "weft-example-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  symlinkSync(join(repositoryRoot, "node_modules"), join(folder, "node_modules"));
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }));
  writeFileSync(join(folder, "example.ts"), code);
  const run = promisify(execFile)(process.execPath, ["example.ts"], {
    cwd: folder,
    timeout: 30_000,
  });
  const { stdout, stderr } = await run;
  expect(stderr).toBe("");
  return stdout;
}

it("README.md: the client talks to a server", async () => {
  const { port } = await start({ workers: 2 });
  const code = example("@nats-io/transport-node");
  const here = code.replace("127.0.0.1:4222", `127.0.0.1:${port}`);
  expect(here).not.toBe(code);
  expect(await outputOf(here)).toBe("hello, weft\n");
});

it("README.md: the program starts a server and ends", async () => {
  expect(await outputOf(example("@weft/server"))).toMatch(/^nats:\/\/127\.0\.0\.1:\d+\n$/);
});
