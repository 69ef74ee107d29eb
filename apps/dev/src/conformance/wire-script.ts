// The corpus of raw scripts and what a server answers to one: bytes out, bytes in, masked. Test
// thread. Must stay true: only what differs between two good servers is masked (INFO documents).
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { openRaw, type RawClient } from "./raw-client.ts";
import { repositoryRoot } from "./server-under-test.ts";

/** One script; described in the README of the protocol package. */
export interface WireScript {
  readonly name: string;
  readonly rows: readonly string[];
  /** Key of `wireConfigs`. */
  readonly config: string;
  /** One character per byte; each step is one write. */
  readonly steps: readonly { readonly send: string; readonly times?: number }[];
  /** PONGs that end it; 1 if absent. */
  readonly pongs?: number;
  readonly mask?: string;
  readonly differs?: string;
}

/** What a server did, one character per byte. */
export interface Answer {
  /** To the script's connection, without INFO lines. */
  readonly text: string;
  readonly closed: boolean;
  /** To a bystander with a subscription to everything, where one listened. */
  readonly overheard?: string;
}

function testdata<T>(name: string): T {
  const path = join(repositoryRoot, "packages/protocol/testdata", name);
  return JSON.parse(readFileSync(path, "utf8")) as T;
}

export const wireScripts = testdata<readonly WireScript[]>("wire-corpus.json");
export const wireConfigs = testdata<Readonly<Record<string, string>>>("wire-configs.json");

const ANSWER_WAIT_MS = 5_000;
const TEXT_CHARACTERS_MAX = 2_000;
const OVERHEARD_END = "conformance.end";
const END_HEARD = new RegExp(`MSG ${OVERHEARD_END} 1 0\\r\\n\\r\\n`);

/** Connections that do nothing, so that the next one is placed on another worker. */
export class ParkedConnections {
  readonly #port: number;
  #clients: RawClient[] = [];

  constructor(port: number) {
    this.#port = port;
  }

  async setCount(count: number): Promise<void> {
    if (this.#clients.length > count) this.end();
    while (this.#clients.length < count) {
      const client = await openRaw(this.#port);
      this.#clients.push(client);
      await client.info();
    }
  }

  end(): void {
    for (const client of this.#clients) client.end();
    this.#clients = [];
  }
}

/** A connection that hears everything; scripts tell it when they are at their end. */
export class Bystander {
  readonly #client: RawClient;
  #taken = 0;

  private constructor(client: RawClient) {
    this.#client = client;
  }

  static async open(port: number): Promise<Bystander> {
    const client = await openRaw(port);
    client.sendConnect();
    client.send("SUB > 1\r\n");
    await client.ping();
    const bystander = new Bystander(client);
    bystander.#taken = client.received.length;
    return bystander;
  }

  /** What it heard since the last time, without the end itself. */
  async takeUntilEnd(): Promise<string> {
    await this.#client.waitFor(END_HEARD, ANSWER_WAIT_MS);
    const text = this.#client.received.slice(this.#taken);
    this.#taken = this.#client.received.length;
    return text.replace(END_HEARD, "");
  }

  end(): void {
    this.#client.end();
  }
}

/**
 * Sends a script over its own connection and reads until it is answered or closed. With a
 * bystander only for scripts that do not get their connection closed.
 */
export async function playScript(
  port: number,
  script: WireScript,
  bystander?: Bystander,
): Promise<Answer> {
  const { text, closed } = await converse(port, script, bystander !== undefined);
  const answer = { text: shortened(withoutInfo(text)), closed };
  if (bystander === undefined) return answer;
  return { ...answer, overheard: shortened(withoutInfo(await bystander.takeUntilEnd())) };
}

/** Long texts stand as their beginning, length and digest. */
function shortened(text: string): string {
  if (text.length <= TEXT_CHARACTERS_MAX) return text;
  const digest = createHash("sha256").update(text, "latin1").digest("hex");
  return `${text.slice(0, 200)}... ${text.length} characters, sha256 ${digest}`;
}

function converse(
  port: number,
  script: WireScript,
  tellEnd: boolean,
): Promise<{ text: string; closed: boolean }> {
  return new Promise((resolve, reject) => {
    const wanted = script.pongs ?? 1;
    const socket = connect(port, "127.0.0.1");
    let text = "";
    let greeted = false;
    let answered = false;
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new Error(`"${script.name}" was not answered; got ${JSON.stringify(text)}`));
    }, ANSWER_WAIT_MS);
    socket.setNoDelay(true);
    socket.setEncoding("latin1");
    socket.on("data", (more: string) => {
      // What the end is answered with does not belong to the script.
      if (answered && tellEnd) return;
      text += more;
      if (!greeted && text.includes("\n")) {
        greeted = true;
        for (const { send, times } of script.steps) {
          socket.write(Buffer.from(send.repeat(times ?? 1), "latin1"));
        }
      }
      if (answered || text.split("PONG\r\n").length - 1 < wanted) return;
      answered = true;
      // The end goes both ways: the server has forgotten the connection when it closes its side.
      socket.end(tellEnd ? `PUB ${OVERHEARD_END} 0\r\n\r\n` : "");
    });
    socket.on("error", () => undefined);
    socket.on("close", () => {
      clearTimeout(timer);
      resolve({ text, closed: !answered });
    });
  });
}

function withoutInfo(text: string): string {
  return text.replace(/^INFO \{.*\} ?\r\n/gm, "");
}

/** The same words of any level for a request that nobody serves (CP-64). */
export function maskNoResponders(text: string): string {
  return text.replace(
    /HMSG (\S+ \S+) \d+ \d+\r\nNATS\/1\.0 503(?:\r\nNats-Subject: [^\r]*)?\r\n\r\n\r\n/g,
    "HMSG $1 (503)\r\n",
  );
}
