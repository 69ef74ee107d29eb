// Health check for service managers and containers: connects as a client does, waits for the line
// INFO and leaves before the login. Exit code 0 if the line came, 1 if not, 2 for wrong arguments.
//
//   node healthcheck.mjs [--wait SECONDS] [--timeout SECONDS] [[tls://]HOST:PORT]
//
// INFO is sent in the clear before the handshake of TLS. Only with `handshake_first` the address
// needs tls://; the certificate is not checked then, for clients do that, under the public name.
//
// It shows that the acceptor and one worker answer. Where there is a monitoring port, /healthz tells
// the same without a client connection for each look.
import { connect } from "node:net";
import { connect as connectTls } from "node:tls";
import { parseArgs } from "node:util";

/** INFO is below 4 KiB; what sends so much without a line end is no server of ours. */
const infoBytesMax = 65_536;
const retryMs = 200;

function readArguments() {
  const { values, positionals } = parseArgs({
    options: {
      wait: { type: "string", default: "0" },
      timeout: { type: "string", default: "3" },
    },
    allowPositionals: true,
  });
  const address = positionals[0] ?? "127.0.0.1:4222";
  const [, tls, host = "", port = ""] = /^(tls:\/\/)?(.+):(\d{1,5})$/.exec(address) ?? [];
  const waitMs = Number(values.wait) * 1000;
  const timeoutMs = Number(values.timeout) * 1000;
  const wrong = host === "" || Number(port) > 65_535 || !(waitMs >= 0) || !(timeoutMs > 0);
  if (wrong || positionals.length > 1) {
    throw new Error("usage: healthcheck.mjs [--wait S] [--timeout S] [[tls://]HOST:PORT]");
  }
  const target = { host: host.replace(/^\[(.*)\]$/, "$1"), port: Number(port) };
  return { target, tls: tls !== undefined, waitMs, timeoutMs };
}

/** Why the first line is not that of a healthy server; undefined if it is. */
function problemOf(line) {
  if (!line.startsWith("INFO ")) return `expected INFO, got ${JSON.stringify(line.slice(0, 80))}`;
  try {
    const info = JSON.parse(line.slice(5));
    return typeof info.server_id === "string" ? undefined : "INFO names no server_id";
  } catch {
    return "INFO is not JSON";
  }
}

/** One look at the server: undefined if it is well, else what is wrong. */
function look({ target, tls, timeoutMs }) {
  return new Promise((resolve) => {
    const socket = tls ? connectTls({ ...target, rejectUnauthorized: false }) : connect(target);
    let received = "";
    const end = (problem) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(problem);
    };
    const timer = setTimeout(() => end(`no INFO within ${timeoutMs} ms`), timeoutMs);
    socket.setEncoding("latin1");
    socket.on("data", (text) => {
      received += text;
      const lineEnd = received.indexOf("\n");
      if (lineEnd >= 0) end(problemOf(received.slice(0, lineEnd)));
      else if (received.length > infoBytesMax) end("no line end after 64 KiB");
    });
    socket.on("end", () => end("closed before INFO"));
    socket.on("error", (error) => end(error.message || String(error.code)));
  });
}

async function main() {
  const options = readArguments();
  const deadline = Date.now() + options.waitMs;
  let problem = await look(options);
  while (problem !== undefined && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, retryMs));
    problem = await look(options);
  }
  if (problem === undefined) return;
  console.error(`healthcheck: ${problem}`);
  process.exitCode = 1;
}

main().catch((error) => {
  console.error(`healthcheck: ${error.message}`);
  process.exitCode = 2;
});
