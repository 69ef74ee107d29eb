// Listening on real addresses of this machine.
import { once } from "node:events";
import { readFileSync } from "node:fs";
import net from "node:net";
import { afterEach, expect, test } from "vitest";
import { Acceptor } from "./acceptor.ts";
import { type NativeConnection, peerAddress, socketOn } from "./socket-access.ts";
import { until } from "./test-peers.ts";

let acceptor: Acceptor | undefined;
afterEach(() => acceptor?.stop());

interface Placed {
  readonly connection: NativeConnection;
  readonly listener: number;
}

function make(placed: Placed[], troubles: string[]): Acceptor {
  acceptor = new Acceptor({
    place: (connection, listener) => placed.push({ connection, listener }),
    onTrouble: (text) => troubles.push(text),
  });
  return acceptor;
}

test("CP-01: port -1 gives a free port; sockets come unread, with their listener's row", async () => {
  const placed: Placed[] = [];
  const running = make(placed, []);
  const address = await running.listen({ listener: 7, host: "127.0.0.1", port: -1 });
  expect(address.port).toBeGreaterThan(0);
  const client = net.connect(address.port, "127.0.0.1");
  client.write("early");
  await until(() => placed.length === 1);
  expect(placed[0]!.listener).toBe(7);
  expect(peerAddress(placed[0]!.connection)).toBe("127.0.0.1");
  const socket = socketOn(placed[0]!.connection);
  const [bytes] = await once(socket, "data");
  expect(String(bytes)).toBe("early");
  client.destroy();
  socket.destroy();
});

test("OT-16: listens on IPv6", async () => {
  const running = make([], []);
  const address = await running.listen({ listener: 0, host: "::1", port: 0 });
  expect(address.host).toBe("::1");
});

test("an address in use is an error of listen", async () => {
  const running = make([], []);
  const { port } = await running.listen({ listener: 0, host: "127.0.0.1", port: 0 });
  const again = running.listen({ listener: 1, host: "127.0.0.1", port });
  await expect(again).rejects.toThrow("EADDRINUSE");
});

/** A line of `/proc/net/tcp`: local and remote port, and what timer the system has for it. */
function timerOf(localPort: number, remotePort: number): string | undefined {
  const hex = (port: number): string => port.toString(16).toUpperCase().padStart(4, "0");
  const line = new RegExp(
    `0100007F:${hex(localPort)} 0100007F:${hex(remotePort)} 01 \\S+ (\\d\\d):`,
  );
  return line.exec(readFileSync("/proc/net/tcp", "utf8"))?.[1];
}

const KEEP_ALIVE_TIMER = "02";

test.skipIf(process.platform !== "linux")("OT-17: the system keeps connections alive", async () => {
  const placed: Placed[] = [];
  const running = make(placed, []);
  const { port } = await running.listen({ listener: 0, host: "127.0.0.1", port: 0 });
  const client = net.connect(port, "127.0.0.1");
  await until(() => placed.length === 1);
  const own = client.localPort ?? 0;
  expect(timerOf(port, own)).toBe(KEEP_ALIVE_TIMER);
  expect(timerOf(own, port)).not.toBe(KEEP_ALIVE_TIMER);
  client.destroy();
  placed[0]?.connection.close();
});

test("after stop nothing connects", async () => {
  const running = make([], []);
  const { port } = await running.listen({ listener: 0, host: "127.0.0.1", port: 0 });
  await running.stop();
  const client = net.connect(port, "127.0.0.1");
  const code = await new Promise((resolve) => {
    client.on("error", (error: Error & { code?: string }) => resolve(error.code));
  });
  expect(code).toBe("ECONNREFUSED");
});
