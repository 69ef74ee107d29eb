// For tests: syslog servers over UDP, TCP and unix sockets, that keep what they get.
import { type ChildProcess, spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { until } from "./log-bench.ts";

export interface SyslogServer {
  readonly port: number;
  /** Everything that came, piece by piece. */
  readonly pieces: string[];
  readonly text: string;
  /** Connections that are open. */
  readonly sockets: ReadonlySet<Socket>;
  close(): Promise<void>;
}

export async function udpServer(port = 0): Promise<SyslogServer> {
  const pieces: string[] = [];
  const socket = createSocket("udp4");
  socket.on("message", (bytes) => pieces.push(bytes.toString("utf8")));
  await new Promise<void>((resolve) => socket.bind(port, "127.0.0.1", resolve));
  return {
    port: socket.address().port,
    pieces,
    sockets: new Set(),
    get text() {
      return pieces.join("");
    },
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}

/** `place`: a port of 127.0.0.1, or the path of a unix socket. */
export async function streamServer(place: number | string = 0): Promise<SyslogServer> {
  const pieces: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.setEncoding("utf8");
    socket.on("data", (text: string) => pieces.push(text));
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => {
    if (typeof place === "string") server.listen(place, resolve);
    else server.listen(place, "127.0.0.1", resolve);
  });
  return {
    port: typeof place === "string" ? 0 : (server.address() as AddressInfo).port,
    pieces,
    sockets,
    get text() {
      return pieces.join("");
    },
    close: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** Binds a unix socket of datagrams, which Node cannot, and prints each with a line end. */
const DATAGRAM_PROGRAM = `
  use IO::Socket::UNIX; use Socket; $| = 1;
  my $socket = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => $ARGV[0]) or die $!;
  print "bound\\n";
  while (1) { my $bytes; $socket->recv($bytes, 65536); print $bytes, "\\n"; }
`;

export interface DatagramServer {
  readonly lines: readonly string[];
  close(): Promise<void>;
}

export async function unixDatagramServer(path: string): Promise<DatagramServer> {
  const child: ChildProcess = spawn("perl", ["-e", DATAGRAM_PROGRAM, path]);
  let text = "";
  child.stdout?.setEncoding("utf8").on("data", (more: string) => {
    text += more;
  });
  await until(() => text.startsWith("bound\n"));
  return {
    get lines() {
      return text.split("\n").slice(1, -1);
    },
    close: () =>
      new Promise((resolve) => {
        child.once("exit", () => resolve());
        child.kill("SIGKILL");
      }),
  };
}
