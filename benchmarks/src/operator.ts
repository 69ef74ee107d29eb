// The operator of a measured server: asks for monitoring pages every second and listens to all
// events of the system account. Runs in the driver, which has nothing to do while the load runs.
import http from "node:http";
import { connect, type Socket } from "node:net";
import { LOGINS } from "./config-files.ts";

export const POLL_EVERY_MS = 1000;
const PAGES = ["varz", "connz?subs=1&limit=256", "subsz", "accstatz", "metrics"];
const OPEN_DEADLINE_MS = 10_000;

export class Operator {
  readonly #monitorPort: number;
  readonly #agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  readonly #events: Socket;
  readonly #timer: NodeJS.Timeout;
  /** What went wrong, if anything did: then the run does not count. */
  failure: string | undefined;
  polls = 0;
  eventBytes = 0;

  private constructor(monitorPort: number, events: Socket) {
    this.#monitorPort = monitorPort;
    this.#events = events;
    events.on("data", (chunk: Buffer) => {
      this.eventBytes += chunk.length;
      if (chunk.includes("PING\r\n")) events.write("PONG\r\n");
      if (chunk.includes("-ERR")) this.failure = `events: ${chunk.toString("latin1", 0, 200)}`;
    });
    events.on("error", (error) => {
      this.failure = `events: ${error.message}`;
    });
    this.#timer = setInterval(() => void this.#poll(), POLL_EVERY_MS);
    void this.#poll();
  }

  /** Resolves when the subscription to the events stands. */
  static async start(port: number, monitorPort: number): Promise<Operator> {
    const { user, password } = LOGINS.system;
    const socket = connect({ host: "127.0.0.1", port });
    const login = JSON.stringify({ verbose: false, pedantic: false, user, pass: password });
    socket.write(`CONNECT ${login}\r\nSUB $SYS.> 1\r\nPING\r\n`);
    await new Promise<void>((resolve, reject) => {
      let text = "";
      const timer = setTimeout(() => reject(new Error("no events")), OPEN_DEADLINE_MS);
      const onData = (chunk: Buffer): void => {
        text += chunk.toString("latin1");
        if (text.includes("-ERR")) reject(new Error(`events refused: ${text.slice(-200)}`));
        if (!text.includes("PONG\r\n")) return;
        clearTimeout(timer);
        socket.off("data", onData);
        resolve();
      };
      socket.on("data", onData);
      socket.once("error", reject);
    });
    socket.removeAllListeners("error");
    return new Operator(monitorPort, socket);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#events.destroy();
    this.#agent.destroy();
  }

  async #poll(): Promise<void> {
    try {
      for (const page of PAGES) {
        const status = await this.#statusOf(`/${page}`);
        if (status !== 200) this.failure = `/${page}: status ${status}`;
      }
      this.polls += 1;
    } catch (error) {
      this.failure = `polling: ${(error as Error).message}`;
    }
  }

  /** Of a page that has been read to its end. `fetch` would take as much of the machine as the server. */
  #statusOf(path: string): Promise<number | undefined> {
    const place = { host: "127.0.0.1", port: this.#monitorPort, agent: this.#agent };
    const signal = AbortSignal.timeout(OPEN_DEADLINE_MS);
    return new Promise((resolve, reject) => {
      http
        .get({ ...place, path, signal }, (answer) => {
          answer.on("error", reject);
          answer.on("data", () => undefined).on("end", () => resolve(answer.statusCode));
        })
        .on("error", reject);
    });
  }
}
