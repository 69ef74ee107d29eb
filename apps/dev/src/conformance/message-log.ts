// What a subscription received, in order, with waiting for a count. Test thread.
// Must stay true: `waitForCount` never resolves with fewer, and never hides more.
import type { Connection, Message } from "./client-library.ts";
import { within } from "./deadline.ts";

export interface LogOptions {
  readonly queue?: string;
  readonly max?: number;
}

export class MessageLog {
  readonly messages: Message[] = [];
  readonly errors: Error[] = [];
  readonly subscription: ReturnType<Connection["subscribe"]>;
  readonly #onMessage: ((message: Message) => void) | undefined;
  #watchers: (() => void)[] = [];

  constructor(
    connection: Connection,
    subject: string,
    options: LogOptions = {},
    onMessage?: (message: Message) => void,
  ) {
    this.#onMessage = onMessage;
    this.subscription = connection.subscribe(subject, {
      ...options,
      callback: (error, message) => {
        if (error) this.errors.push(error);
        else this.#take(message);
      },
    });
  }

  get texts(): string[] {
    return this.messages.map((message) => message.string());
  }

  get subjects(): string[] {
    return this.messages.map((message) => message.subject);
  }

  /** Resolves once `count` messages have come, with all of them. */
  async waitForCount(count: number, milliseconds = 10_000): Promise<readonly Message[]> {
    const enough = new Promise<void>((resolve) => {
      const look = (): void => {
        if (this.messages.length < count) return;
        this.#watchers = this.#watchers.filter((watcher) => watcher !== look);
        resolve();
      };
      this.#watchers.push(look);
      look();
    });
    try {
      await within(enough, `${count} messages`, milliseconds);
    } catch (error) {
      const subject = this.subscription.getSubject();
      throw new Error(`${String(error)} on ${subject}; got ${this.messages.length}`);
    }
    return this.messages;
  }

  #take(message: Message): void {
    this.messages.push(message);
    this.#onMessage?.(message);
    for (const watcher of [...this.#watchers]) watcher();
  }
}

/** Answers every request on a subject. */
export function answer(
  connection: Connection,
  subject: string,
  respond: (request: Message) => void,
  options: LogOptions = {},
): MessageLog {
  return new MessageLog(connection, subject, options, respond);
}
