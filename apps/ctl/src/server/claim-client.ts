// Requests about accounts to servers, through the system account (AC-86 to AC-90):
//
//   $SYS.REQ.CLAIMS.UPDATE  token of an account      every server answers
//   $SYS.REQ.CLAIMS.LIST                             every server answers with keys
//   $SYS.REQ.CLAIMS.DELETE  token of an operator     every server answers
//   $SYS.REQ.CLAIMS.PACK    (empty)                  one server sends "key|token" each, then nothing
import type { Msg, NatsConnection } from "@nats-io/transport-node";
import { Failure } from "../command-line/failure.ts";
import { clientProblem } from "./connect.ts";

export const CLAIMS = {
  update: "$SYS.REQ.CLAIMS.UPDATE",
  list: "$SYS.REQ.CLAIMS.LIST",
  remove: "$SYS.REQ.CLAIMS.DELETE",
  pack: "$SYS.REQ.CLAIMS.PACK",
} as const;

/** What one server answered. */
export interface ServerAnswer {
  readonly server: string;
  readonly data?: unknown;
  /** Undefined = it did what was asked. */
  readonly problem?: string | undefined;
}

/** A server with a million accounts is none that one command pulls. */
const TOKENS_MAX = 1_000_000;

export class ClaimClient {
  readonly #connection: NatsConnection;
  readonly #inboxPrefix: string;
  readonly #timeoutMs: number;
  /** Servers that answered the question with most answers; 0 = not asked yet. */
  #servers = 0;

  constructor(connection: NatsConnection, inboxPrefix: string, timeoutMs: number) {
    this.#connection = connection;
    this.#inboxPrefix = inboxPrefix;
    this.#timeoutMs = timeoutMs;
  }

  /**
   * The answers of all servers. How many there are is learnt by waiting out the first question; the
   * others end when as many have answered.
   */
  async ask(subject: string, payload: string): Promise<readonly ServerAnswer[]> {
    const answers: ServerAnswer[] = [];
    const deadline = Date.now() + this.#timeoutMs;
    const leftMs = (): number => Math.max(0, deadline - Date.now());
    for await (const message of this.#messages(subject, payload, leftMs)) {
      answers.push(readAnswer(message));
      if (answers.length === this.#servers) break;
    }
    if (answers.length === 0) throw new Failure(`no server answered ${subject} in time`);
    this.#servers = Math.max(this.#servers, answers.length);
    return answers;
  }

  /** All tokens of the server that answers. */
  async pull(): Promise<readonly string[]> {
    const tokens: string[] = [];
    let isWhole = false;
    for await (const message of this.#messages(CLAIMS.pack, "", () => this.#timeoutMs)) {
      if (message.data.length === 0) {
        isWhole = true;
        break;
      }
      const line = message.string();
      const bar = line.indexOf("|");
      if (bar === -1 || tokens.length >= TOKENS_MAX) {
        throw new Failure("the server's answer to a pull is none");
      }
      tokens.push(line.slice(bar + 1));
    }
    if (!isWhole) throw new Failure(`the answer to ${CLAIMS.pack} has no end; nothing was changed`);
    return tokens;
  }

  /** Messages until the next one does not come in time. */
  async *#messages(subject: string, payload: string, waitMs: () => number): AsyncGenerator<Msg> {
    const library = await import("@nats-io/transport-node");
    const inbox = library.createInbox(this.#inboxPrefix);
    const subscription = this.#connection.subscribe(inbox);
    let timer = setTimeout(() => subscription.unsubscribe(), waitMs());
    let isFirst = true;
    try {
      this.#connection.publish(subject, payload, { reply: inbox });
      for await (const message of subscription) {
        if (isFirst && message.headers?.code === 503) {
          throw new Failure(
            `nobody answers ${subject}: the server has no resolver for it, or the user is not of ` +
              "its system account",
          );
        }
        isFirst = false;
        clearTimeout(timer);
        timer = setTimeout(() => subscription.unsubscribe(), waitMs());
        yield message;
      }
    } catch (error) {
      if (error instanceof Failure) throw error;
      throw new Failure(`${subject}: ${clientProblem(error)}`);
    } finally {
      clearTimeout(timer);
      subscription.unsubscribe();
    }
  }
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function readAnswer(message: Msg): ServerAnswer {
  let value: unknown;
  try {
    value = JSON.parse(message.string());
  } catch {
    return { server: "?", problem: "the answer is no JSON" };
  }
  const { server, error, data } = (value ?? {}) as Record<string, unknown>;
  const name = textOf((server as Record<string, unknown> | undefined)?.["name"]) || "?";
  if (error !== undefined && error !== null) {
    const { description, code } = error as Record<string, unknown>;
    const shown = typeof code === "number" ? ` (${code})` : "";
    return { server: name, problem: `${textOf(description) || "refused"}${shown}` };
  }
  if (data === undefined || data === null)
    return { server: name, problem: "an answer without data" };
  return { server: name, data };
}

/** The text of an answer such as `jwt updated`. */
export function answerText({ data }: ServerAnswer): string {
  if (typeof data !== "object" || data === null) return String(data ?? "");
  return textOf((data as Record<string, unknown>)["message"]) || JSON.stringify(data);
}
