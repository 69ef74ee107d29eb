// A user of the system account, as tests use it: requests, events, and the shapes of documents.
import { type Connection, connectForTest, type Headers, transportNode } from "./client-library.ts";
import { MessageLog } from "./message-log.ts";
import type { ServerUnderTest } from "./server-under-test.ts";

export type Json = Readonly<Record<string, unknown>>;

/** Accounts for all tests of the system account. */
export const SYSTEM_CONFIG = `server_name: here
accounts {
  SYS { users: [ { user: sys, password: pw } ] }
  ACC { users: [
    { user: acc, password: pw }
    { user: lim, password: pw, permissions: {
      publish: [ "a.>", "$SYS.REQ.USER.INFO" ]
      subscribe: { allow: [ "_INBOX.>", "b q" ], deny: [ "c" ] }
      allow_responses: { max: 3, expires: "2m" }
    } }
  ] }
  OTHER { users: [ { user: other, password: pw } ] }
}
system_account: SYS`;

export class SystemClient {
  readonly connection: Connection;
  readonly id: string;

  constructor(connection: Connection) {
    this.connection = connection;
    this.id = connection.info?.server_id ?? "";
  }

  static async open(server: ServerUnderTest): Promise<SystemClient> {
    return new SystemClient(await connectForTest(server, { user: "sys", pass: "pw" }));
  }

  /** The answer to `$SYS.REQ.<subject>`. */
  async ask(subject: string, body: object | string = "", timeout = 5_000): Promise<Json> {
    const text = typeof body === "string" ? body : JSON.stringify(body);
    const reply = await this.connection.request(`$SYS.REQ.${subject}`, text, { timeout });
    return reply.json<Json>();
  }

  /** The `data` of an answer. */
  async data(subject: string, body: object | string = ""): Promise<Json> {
    const answer = await this.ask(subject, body);
    if (answer["data"] === undefined) throw new Error(JSON.stringify(answer));
    return answer["data"] as Json;
  }

  /** Raw bytes and headers, for what is packed. */
  async packed(subject: string, encoding: string): Promise<{ bytes: Buffer; encoding: string }> {
    const headers: Headers = transportNode.headers();
    headers.set("Accept-Encoding", encoding);
    const reply = await this.connection.request(`$SYS.REQ.${subject}`, "", {
      timeout: 5_000,
      headers,
    });
    const encodingOfReply = reply.headers?.get("Content-Encoding") ?? "";
    return { bytes: Buffer.from(reply.data), encoding: encodingOfReply };
  }

  async events(subject: string): Promise<EventLog> {
    const log = new EventLog(this.connection, subject);
    await this.connection.flush();
    return log;
  }
}

export class EventLog extends MessageLog {
  get documents(): Json[] {
    return this.messages.map((message) => message.json<Json>());
  }

  /** The first event that fits; waits for it. */
  async first(
    fits: (event: Json, subject: string) => boolean,
    milliseconds = 10_000,
  ): Promise<Json> {
    for (let count = 1; ; count += 1) {
      for (const message of this.messages) {
        const event = message.json<Json>();
        if (fits(event, message.subject)) return event;
      }
      await this.waitForCount(Math.max(count, this.messages.length + 1), milliseconds);
    }
  }
}

/** `a.b:number` for every leaf; elements of lists count as one. */
export function shapeOf(value: unknown, path = ""): string[] {
  if (Array.isArray(value)) {
    return [...new Set(value.flatMap((item) => shapeOf(item, `${path}[]`)))].sort();
  }
  if (typeof value !== "object" || value === null) {
    return [`${path}:${value === null ? "null" : typeof value}`];
  }
  return Object.entries(value)
    .flatMap(([key, field]) => shapeOf(field, path === "" ? key : `${path}.${key}`))
    .sort();
}
