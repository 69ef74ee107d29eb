// For tests: a client that speaks the protocol line by line and waits for what it expects.
import net from "node:net";
import tls from "node:tls";

export class LineClient {
  readonly socket: net.Socket;
  text = "";
  closed = false;

  constructor(socket: net.Socket) {
    this.socket = socket;
    socket.on("data", (chunk: Buffer) => {
      this.text += chunk.toString("latin1");
    });
    socket.on("error", () => undefined);
    socket.on("close", () => {
      this.closed = true;
    });
  }

  static to(url: string): LineClient {
    const { hostname, port } = new URL(url);
    return new LineClient(net.connect(Number(port), hostname.replace(/^\[|\]$/g, "")));
  }

  /** Reads INFO in clear, then goes on over TLS. */
  static async upgraded(url: string, options: tls.ConnectionOptions): Promise<LineClient> {
    const plain = LineClient.to(url);
    await plain.reads(/^INFO .*\r\n/);
    plain.socket.removeAllListeners("data");
    return new LineClient(tls.connect({ ...options, socket: plain.socket }));
  }

  send(text: string): this {
    this.socket.write(text, "latin1");
    return this;
  }

  async reads(pattern: RegExp): Promise<RegExpExecArray> {
    await until(() => pattern.test(this.text) || this.closed);
    const found = pattern.exec(this.text);
    if (found === null) throw new Error(`closed without ${pattern}: ${this.text}`);
    return found;
  }

  end(): void {
    this.socket.destroy();
  }
}

/** Resolves when `holds` does. */
export async function until(holds: () => boolean, withinMs = 8_000): Promise<void> {
  const end = performance.now() + withinMs;
  while (!holds()) {
    if (performance.now() > end) throw new Error("the awaited fact did not come");
    await new Promise((resolve) => setImmediate(resolve));
  }
}
