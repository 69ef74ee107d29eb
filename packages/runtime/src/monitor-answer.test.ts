// Readers of large pages that take nothing, little, or all, over real sockets.
import http from "node:http";
import net from "node:net";
import { afterEach, expect, test } from "vitest";
import { sendPage } from "./monitor-answer.ts";
import { MonitorListener } from "./monitor-listener.ts";
import { PageBudget, type PageHold } from "./page-budget.ts";
import { until } from "./testing/echo-server.ts";

const PIECE = Buffer.alloc(64 * 1024, "x");
/** More than the kernel takes for a reader that stands still. */
const PAGE_BYTES = 512 * PIECE.length;
const BUDGET_BYTES = PAGE_BYTES + PIECE.length;

const listeners: MonitorListener[] = [];
const sockets: net.Socket[] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await Promise.all(listeners.splice(0).map((listener) => listener.close()));
});

interface Started {
  readonly port: number;
  readonly budget: PageBudget;
  /** Pages whose sending has ended. */
  ended: number;
}

async function start(
  bounds: { answerMs?: number; stalledMs?: number; graceMs?: number; patienceMs?: number } = {},
): Promise<Started> {
  const budget = new PageBudget({
    bytesMax: BUDGET_BYTES,
    waitingBytesMax: 8 * PAGE_BYTES,
    graceMs: bounds.graceMs ?? 0,
    patienceMs: bounds.patienceMs ?? 60_000,
  });
  const onRequest = async (request: http.IncomingMessage, response: http.ServerResponse) => {
    const { socket } = request;
    const cut = (): void => void socket.destroy();
    const reader = { address: socket.remoteAddress ?? "", cut };
    const hold = (await budget.take(PAGE_BYTES, reader)) as PageHold;
    const pieces = Array.from({ length: 512 }, () => PIECE);
    const page = { status: 200, contentType: "text/plain" };
    await sendPage(response, { page, pieces, bytes: PAGE_BYTES, hold }, {}, bounds.answerMs);
    started.ended += 1;
  };
  const monitoring = { host: "127.0.0.1", port: 0, secure: false, basePath: "" };
  const handler = (request: http.IncomingMessage, response: http.ServerResponse): void =>
    void onRequest(request, response);
  const listener = new MonitorListener(monitoring, undefined, handler, bounds.stalledMs);
  listeners.push(listener);
  await listener.listen();
  const started: Started = { port: listener.port, budget, ended: 0 };
  return started;
}

/** A reader that stops after the head; false while its connection is open. */
async function stalledReader({ port }: Started, requests = 1): Promise<() => boolean> {
  const socket = net.connect(port, "127.0.0.1");
  sockets.push(socket);
  let isClosed = false;
  let hasHead = false;
  socket
    .on("error", () => undefined)
    .on("close", () => {
      isClosed = true;
    });
  socket.once("data", () => {
    hasHead = true;
    socket.pause();
  });
  socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n".repeat(requests));
  await until(() => hasHead);
  return () => {
    // A paused socket does not tell that it was reset, but a write does.
    if (!isClosed) socket.write("\r\n");
    return isClosed;
  };
}

function readAll({ port }: Started): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = http.get({ host: "127.0.0.1", port, agent: false }, (response) => {
      let bytes = 0;
      response.on("data", (more: Buffer) => {
        bytes += more.length;
      });
      response.on("end", () => resolve(bytes));
      response.on("error", reject);
    });
    request.on("error", reject);
  });
}

test("attack 20: a stalled reader is cut when another page needs its room", async () => {
  const started = await start();
  const isClosed = await stalledReader(started);
  expect(started.budget.bytes).toBeGreaterThan(PAGE_BYTES / 4);
  expect(await readAll(started)).toBe(PAGE_BYTES);
  await until(isClosed);
  expect(await readAll(started)).toBe(PAGE_BYTES);
  await until(() => started.ended === 3);
  expect(started.budget.bytes).toBe(0);
});

test("attack 20: readers that trickle make room for a page that waits", async () => {
  const started = await start({ graceMs: 250, patienceMs: 500 });
  const readers = await Promise.all([stalledReader(started), stalledReader(started)]);
  let isRead = false;
  const trickle = setInterval(() => {
    for (const socket of sockets) if (!isRead) socket.read(2 * PIECE.length);
  }, 20);
  try {
    expect(await readAll(started)).toBe(PAGE_BYTES);
    isRead = true;
  } finally {
    clearInterval(trickle);
  }
  await until(() => readers.every((isClosed) => isClosed()));
});

test("attack 20: pages behind one that is not read give their room back with it", async () => {
  const started = await start({ graceMs: 60_000, answerMs: 300 });
  const isClosed = await stalledReader(started, 3);
  await until(isClosed);
  await until(() => started.ended === 3);
  expect(started.budget.bytes).toBe(0);
});

test("attack 20: a reader that takes nothing for too long is cut", async () => {
  const started = await start({ stalledMs: 200 });
  const isClosed = await stalledReader(started);
  // Nothing may be written meanwhile, which would be a sign of life.
  await until(() => started.budget.bytes === 0);
  await until(isClosed);
});

test("attack 20: a reader that takes too long in all is cut", async () => {
  const started = await start({ answerMs: 200 });
  const isClosed = await stalledReader(started);
  await until(isClosed);
  await until(() => started.budget.bytes === 0);
});

test("HEAD takes no page", async () => {
  const started = await start();
  const length = await new Promise((resolve) => {
    const options = { host: "127.0.0.1", port: started.port, agent: false, method: "HEAD" };
    http.request(options, ({ headers }) => resolve(headers["content-length"])).end();
  });
  expect(length).toBe(String(PAGE_BYTES));
  await until(() => started.budget.bytes === 0);
});
