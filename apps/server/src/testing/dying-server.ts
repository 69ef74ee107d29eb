// For tests: a program around a server whose worker dies as soon as a client says `assert`.
import { connect } from "node:net";
import { defaultOptions } from "@weft/config";
import { ServerLog } from "@weft/logging";
import { startRuntime } from "@weft/runtime";
import { serve } from "../run-server.ts";

const [, , coreModule] = process.argv;
const options = { ...defaultOptions(), host: "127.0.0.1", port: 0, workers: 2 };
const log = new ServerLog(options.logging, { processId: process.pid, program: "weft" });
const snapshot = { accounts: [], hasSystemAccount: true, streamImports: [], serviceImports: [] };
await serve(log, async () => {
  const server = await startRuntime({ options, accounts: snapshot, log, coreModule });
  connect(server.port, "127.0.0.1")
    .on("error", () => undefined)
    .write("assert");
  return server;
});
