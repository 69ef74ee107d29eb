// Listening on real addresses of this machine.
import net from "node:net";
import { afterEach, expect, test } from "vitest";
import { Acceptor } from "./acceptor.ts";
import { until } from "./test-peers.ts";

let acceptor: Acceptor | undefined;
afterEach(() => acceptor?.stop());

function make(placed: { socket: net.Socket; listener: number }[], troubles: string[]): Acceptor {
  acceptor = new Acceptor({
    place: (socket, listener) => placed.push({ socket, listener }),
    onTrouble: (text) => troubles.push(text),
  });
  return acceptor;
}

test("CP-01: port -1 gives a free port; sockets come unread, with their listener's row", async () => {
  const placed: { socket: net.Socket; listener: number }[] = [];
  const running = make(placed, []);
  const address = await running.listen({ listener: 7, host: "127.0.0.1", port: -1 });
  expect(address.port).toBeGreaterThan(0);
  const client = net.connect(address.port, "127.0.0.1");
  client.write("early");
  await until(() => placed.length === 1);
  expect(placed[0]!.listener).toBe(7);
  expect(placed[0]!.socket.bytesRead).toBe(0);
  client.destroy();
  placed[0]!.socket.destroy();
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
