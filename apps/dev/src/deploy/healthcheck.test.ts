// deploy/healthcheck.mjs against servers that are well and servers that are not. Real sockets and a
// real program; the budget of each look is the program's own.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { createServer as createTlsServer, type TLSSocket } from "node:tls";
import { afterEach, expect, test } from "vitest";
import { certificates } from "../conformance/testdata/certificates.ts";
import { repositoryRoot } from "../tidy/source-file.ts";

const SCRIPT = join(repositoryRoot, "deploy/healthcheck.mjs");
const INFO = `INFO {"server_id":"NID","version":"2.14.0"} \r\n`;
const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function portOf(server: Server): Promise<number> {
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

/** A server that greets with `text`, or says nothing for undefined, and leaves if it shall. */
function greeting(text: string | undefined, fate: "stays" | "leaves" = "stays"): Promise<number> {
  const greet = (socket: Socket): void => {
    socket.on("error", () => socket.destroy());
    if (text !== undefined) socket.write(text);
    if (fate === "leaves") socket.end();
  };
  return portOf(createServer(greet));
}

async function check(...argv: readonly string[]): Promise<{ code: number; text: string }> {
  const child = spawn(process.execPath, [SCRIPT, ...argv], { stdio: ["ignore", "ignore", "pipe"] });
  let text = "";
  child.stderr.on("data", (chunk: Buffer) => {
    text += chunk.toString();
  });
  const [code] = (await once(child, "close")) as [number];
  return { code, text };
}

test("a server that sends INFO is well", async () => {
  const port = await greeting(INFO);
  expect(await check(`127.0.0.1:${port}`)).toEqual({ code: 0, text: "" });
});

test.for([
  ["another protocol", "SSH-2.0-x\r\n", "expected INFO"],
  ["broken JSON", "INFO {\r\n", "not JSON"],
  ["no server id", "INFO {}\r\n", "server_id"],
  ["a line without end", `INFO ${"x".repeat(70_000)}`, "no line end"],
] as const)("%s is not well", async ([, text, problem]) => {
  const { code, text: said } = await check(`127.0.0.1:${await greeting(text)}`);
  expect(said).toContain(problem);
  expect(code).toBe(1);
});

test("a server that says nothing is not well, after the time given", async () => {
  const { code, text } = await check("--timeout", "0.2", `127.0.0.1:${await greeting(undefined)}`);
  expect(text).toContain("no INFO within 200 ms");
  expect(code).toBe(1);
});

test("a server that leaves, and none at all, are not well", async () => {
  const port = await greeting("INFO {", "leaves");
  expect(await check(`127.0.0.1:${port}`)).toMatchObject({ code: 1 });
  const [server] = servers;
  server?.close();
  const gone = await check(`127.0.0.1:${port}`);
  expect(gone.text).toContain("ECONNREFUSED");
  expect(gone.code).toBe(1);
});

test("--wait looks again until the server is well", async () => {
  let looks = 0;
  const port = await portOf(
    createServer((socket) => {
      looks++;
      if (looks < 3) socket.end();
      else socket.write(INFO);
    }),
  );
  expect(await check("--wait", "10", `127.0.0.1:${port}`)).toMatchObject({ code: 0 });
  expect(looks).toBe(3);
});

test("tls:// is for servers that begin with the handshake", async () => {
  const cert = readFileSync(certificates.server);
  const key = readFileSync(certificates.serverKey);
  const greet = (socket: TLSSocket): void => {
    socket.on("error", () => socket.destroy());
    socket.write(INFO);
  };
  const port = await portOf(createTlsServer({ cert, key }, greet));
  expect(await check(`tls://127.0.0.1:${port}`)).toEqual({ code: 0, text: "" });
});

test.for([["4222"], ["a:b"], ["a:70000"], ["--wait", "x"], ["--port", "1"], ["a:1", "b:2"]])(
  "arguments %s are refused",
  async (argv) => {
    expect(await check(...argv)).toMatchObject({ code: 2 });
  },
);
