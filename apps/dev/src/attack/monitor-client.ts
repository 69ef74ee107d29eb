// Requests to the monitoring port of an attacked server: proper ones, and bytes that are none.
import http from "node:http";
import https from "node:https";
import { connect } from "node:net";
import type { AttackedServer } from "./attacked-server.ts";
import { within } from "./waiting.ts";

const ANSWER_WITHIN_MS = 20_000;

export interface MonitorAnswer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly text: string;
}

export interface MonitorQuestion {
  readonly method?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Own address of the connection, such as 127.0.0.9. */
  readonly from?: string | undefined;
  readonly withinMs?: number | undefined;
}

/** The port that the server's log names, and whether it speaks TLS. */
async function portOf(server: AttackedServer): Promise<{ port: number; secure: boolean }> {
  const said = await server.said(/Starting (https?) monitor on \S+:(\d+)/, ANSWER_WITHIN_MS);
  return { port: Number(said[2]), secure: said[1] === "https" };
}

/** One request on a connection of its own. */
export async function askMonitor(
  server: AttackedServer,
  path: string,
  { method, headers, from, withinMs }: MonitorQuestion = {},
): Promise<MonitorAnswer> {
  const { port, secure } = await portOf(server);
  const client = secure ? https : http;
  const options: https.RequestOptions = {
    host: "127.0.0.1",
    port,
    path,
    agent: false,
    method: method ?? "GET",
    headers: { ...headers },
    rejectUnauthorized: false,
    ...(from === undefined ? {} : { localAddress: from }),
  };
  const answered = new Promise<MonitorAnswer>((resolve, reject) => {
    const request = client.request(options, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (more: string) => {
        text += more;
      });
      response.on("error", reject).on("end", () => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
      });
    });
    request.on("error", reject).end();
  });
  return within(answered, withinMs ?? ANSWER_WITHIN_MS, `the answer to ${path.slice(0, 40)}`);
}

/** Everything that comes back for these bytes until the server closes. */
export async function sayToMonitor(server: AttackedServer, bytes: string): Promise<string> {
  const { port } = await portOf(server);
  const socket = connect(port, "127.0.0.1");
  let text = "";
  const closed = new Promise<string>((resolve) => {
    socket.setEncoding("latin1").on("data", (more: string) => {
      text += more;
    });
    socket.on("error", () => undefined).on("close", () => resolve(text));
  });
  socket.write(bytes, "latin1");
  return within(closed, ANSWER_WITHIN_MS, "the end of a request").finally(() => socket.destroy());
}

/** These bytes, and a reset as soon as something comes back. */
export async function resetMonitor(server: AttackedServer, bytes: string): Promise<void> {
  const { port } = await portOf(server);
  const socket = connect(port, "127.0.0.1");
  const closed = new Promise<void>((resolve) => {
    socket.on("error", () => undefined).on("close", () => resolve());
  });
  socket.once("data", () => socket.resetAndDestroy());
  socket.write(bytes, "latin1");
  await within(closed, ANSWER_WITHIN_MS, "an answer to reset").finally(() => socket.destroy());
}

/** The header that shows a name and a password. */
export function basicLogin(user: string, password: string): Record<string, string> {
  return { Authorization: `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}` };
}
