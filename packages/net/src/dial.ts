// Opening a connection to somebody else. The thread that will own it. Must stay true: one of both answers
// comes, once, and never before the call returns; no timer outlives the attempt.
import net from "node:net";
import type { DialTarget } from "@weft/base";
import type { OwnedSocket } from "./socket-access.ts";
import { errorText } from "./transport-callbacks.ts";

const PORT_MAX = 65_535;

/** `connected` gets the socket before anything of it is read, and answers for its errors from then on. */
export function connectTo(
  { host, port, timeoutMs }: DialTarget,
  options: net.SocketConstructorOpts,
  failed: (reason: string) => void,
  connected: (socket: OwnedSocket) => void,
): void {
  // Node throws for such a port.
  if (!(Number.isInteger(port) && port > 0 && port <= PORT_MAX)) {
    setImmediate(failed, `port ${port} is none`);
    return;
  }
  const socket: OwnedSocket = net.connect({ ...options, host, port, noDelay: true });
  const timer = setTimeout(() => socket.destroy(new Error("timed out")), timeoutMs);
  const onFailure = (error: Error): void => {
    clearTimeout(timer);
    failed(errorText(error));
  };
  socket.once("error", onFailure);
  socket.once("connect", () => {
    clearTimeout(timer);
    socket.off("error", onFailure);
    connected(socket);
  });
}
