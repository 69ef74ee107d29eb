// The stage on which traced messages are played: connections, what they hear, and how it is shown. Must
// stay true: what differs from run to run (numbers, times, who the server is) is masked; subscriptions
// that follow each other are shown in the order of their texts.
import { gunzipSync } from "node:zlib";
import { type Connection, connectForTest, type Message } from "./client-library.ts";
import { MessageLog } from "./message-log.ts";
import type { ServerUnderTest } from "./server-under-test.ts";

const DONE = "every.thing.done";

/** What a case has at hand; every connection is a new one and hears what it subscribed to. */
export class TraceStage {
  readonly server: ServerUnderTest;
  readonly #logs: MessageLog[] = [];
  readonly #connections: Connection[] = [];
  readonly #errors: string[] = [];

  constructor(server: ServerUnderTest) {
    this.server = server;
  }

  async connect(user: string, more: { noEcho?: boolean; name?: string } = {}): Promise<Connection> {
    const options = { user, pass: "pw", name: `the ${user}`, ...more };
    const connection = await connectForTest(this.server, options);
    this.#connections.push(connection);
    void (async () => {
      for await (const { type, ...rest } of connection.status()) {
        if (type === "error") this.#errors.push(String((rest as { error?: unknown }).error));
      }
    })();
    return connection;
  }

  async listen(connection: Connection, subject: string, queue?: string): Promise<MessageLog> {
    const log = new MessageLog(connection, subject, queue === undefined ? {} : { queue });
    this.#logs.push(log);
    await connection.flush();
    return log;
  }

  /** A connection of this user that hears `subject`. */
  async hear(user: string, subject: string, queue?: string): Promise<MessageLog> {
    return this.listen(await this.connect(user), subject, queue);
  }

  /** Everything that was heard, events apart. */
  async end(): Promise<TraceOutcome> {
    for (const connection of this.#connections) {
      if (!connection.isClosed()) await connection.flush();
    }
    const heard = this.#logs.flatMap(({ messages, subscription }) =>
      messages.map((message) => ({ message, filter: subscription.getSubject() })),
    );
    const isEvent = ({ filter }: { filter: string }): boolean => filter.startsWith("traces");
    const isOwn = ({ message }: { message: Message }): boolean =>
      message.subject !== DONE && !message.subject.startsWith("traces.");
    await Promise.all(this.#connections.map((connection) => connection.close()));
    return {
      events: heard.filter(isEvent).map(({ message }) => shownEvent(message)),
      delivered: heard
        .filter((one) => !isEvent(one) && isOwn(one))
        .map(({ message, filter }) => `${filter}: ${shownMessage(message)}`)
        .sort(),
      errors: this.#errors,
    };
  }
}

export interface TraceOutcome {
  readonly events: readonly unknown[];
  readonly delivered: readonly string[];
  readonly errors: readonly string[];
}

function shownMessage(message: Message): string {
  const headers = [...(message.headers?.keys() ?? [])]
    .filter((key) => key !== "Nats-Request-Info")
    .map((key) => `${key}=${message.headers?.values(key).join("|")}`);
  const subject = message.subject.replace(/_R_\..*|_INBOX\..*/, "<reply>");
  return `${subject} [${headers.join(", ")}] ${message.string()}`;
}

const MASKED = new Set(["ts", "cid"]);

function masked(key: string, value: unknown): unknown {
  if (MASKED.has(key)) return `<${typeof value}>`;
  if (key === "server") return Object.keys(value as object).length > 5 ? "<server>" : value;
  return typeof value === "string" ? value.replace(/_R_\..*|_INBOX\..*/, "<reply>") : value;
}

function shownEvent(message: Message): unknown {
  const encoding = message.headers?.get("Content-Encoding") ?? "";
  const bytes = encoding === "gzip" ? gunzipSync(message.data) : message.data;
  const name = `${message.subject} ${encoding}`;
  if (encoding === "snappy") return name;
  const { events, ...rest } = JSON.parse(
    JSON.stringify(JSON.parse(Buffer.from(bytes).toString()), masked),
  ) as { events: { type: string; acc?: string }[] };
  const texts: string[] = [];
  // What another account does with it stands behind its "se".
  for (const [at, { type, acc, ...more }] of events.entries()) {
    const text = JSON.stringify({ type, acc, ...more });
    const before = events[at - 1];
    if (type === "eg" && before?.type === "se" && before.acc === acc) {
      texts.push(`${texts.pop()} ${text}`);
    } else texts.push(text);
  }
  return { name, ...rest, events: sortedRuns(texts) };
}

/** Subscriptions follow each other in any order. */
function sortedRuns(texts: readonly string[]): string[] {
  const sorted: string[] = [];
  let run: string[] = [];
  for (const text of texts) {
    if (/^\{"type":"(?:eg|se)"/.test(text)) run.push(text);
    else {
      sorted.push(...run.sort(), text);
      run = [];
    }
  }
  return [...sorted, ...run.sort()];
}

/** What comes late or too much has come when this resolves. */
export async function settled(stage: TraceStage): Promise<void> {
  const last = await stage.connect("shop");
  const end = new MessageLog(last, DONE);
  await last.flush();
  last.publish(DONE);
  await end.waitForCount(1);
}
