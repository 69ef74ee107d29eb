// Listens and hands every accepted socket on, unread. Owner: the acceptor thread.
// What must stay true: no error of a single accept, nor a lack of descriptors, ends listening.
import net, { type AddressInfo, type Server } from "node:net";
import { acceptNative, type NativeConnection } from "./socket-access.ts";

export interface ListenOptions {
  /** Row of the listener table. */
  readonly listener: number;
  /** IPv4 or IPv6 address or a name; `0.0.0.0` and `::` = every address. */
  readonly host: string;
  /** -1 and 0 = any free port (CP-01). */
  readonly port: number;
  readonly backlog?: number | undefined;
}

export interface ListenAddress {
  readonly listener: number;
  readonly host: string;
  readonly port: number;
}

export interface AcceptorOptions {
  /** Takes over a fresh connection, unread. It must be transferred, adopted or closed. */
  place(connection: NativeConnection, listener: number): void;
  /** Accepting failed for now (F29); listening goes on by itself. */
  onTrouble(text: string): void;
}

const BACKLOG = 4096;
/** How long a listener rests when the process is out of descriptors (F29). */
const TROUBLE_PAUSE_MS = 100;
const KEEP_ALIVE_DELAY_SECONDS = 15;

export class Acceptor {
  readonly #options: AcceptorOptions;
  readonly #servers = new Map<Server, ListenOptions>();
  readonly #resting = new Set<NodeJS.Timeout>();
  #stopped = false;

  constructor(options: AcceptorOptions) {
    this.#options = options;
  }

  /** Starts listening; rejects with the system's error when the address cannot be bound. */
  listen(options: ListenOptions): Promise<ListenAddress> {
    const server = net.createServer();
    return new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen(
        {
          host: options.host,
          port: Math.max(0, options.port),
          backlog: options.backlog ?? BACKLOG,
        },
        () => {
          server.off("error", reject);
          server.on("error", (error) => this.#rest(server, error));
          acceptNative(server, (connection) => this.#accepted(connection, options.listener));
          const address = server.address() as AddressInfo;
          if (this.#stopped) server.close();
          this.#servers.set(server, { ...options, port: address.port });
          resolve({ listener: options.listener, host: address.address, port: address.port });
        },
      );
    });
  }

  /** Stops listening. Sockets that were handed on are not touched. */
  stop(): Promise<void> {
    this.#stopped = true;
    for (const timer of this.#resting) clearTimeout(timer);
    this.#resting.clear();
    const closing = [...this.#servers.keys()].map(
      (server) => new Promise<void>((resolve) => server.close(() => resolve())),
    );
    this.#servers.clear();
    return Promise.all(closing).then(() => undefined);
  }

  #accepted(connection: NativeConnection, listener: number): void {
    if (this.#stopped) {
      connection.close();
      return;
    }
    connection.setNoDelay(true);
    connection.setKeepAlive(true, KEEP_ALIVE_DELAY_SECONDS);
    this.#options.place(connection, listener);
  }

  /** Accepting fails at once again as long as descriptors are short: stop trying for a moment. */
  #rest(server: Server, error: Error): void {
    const options = this.#servers.get(server);
    if (options === undefined) return;
    this.#servers.delete(server);
    this.#options.onTrouble(error.message);
    server.close();
    this.#listenLater(options);
  }

  #listenLater(options: ListenOptions): void {
    const timer = setTimeout(() => {
      this.#resting.delete(timer);
      this.listen(options).catch((error: Error) => {
        this.#options.onTrouble(error.message);
        if (!this.#stopped) this.#listenLater(options);
      });
    }, TROUBLE_PAUSE_MS);
    this.#resting.add(timer);
  }
}
