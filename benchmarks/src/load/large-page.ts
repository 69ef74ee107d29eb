// The large-page job: a page of the monitoring port about very many connections, asked for again and
// again beside a paced flow, and what the flow feels of it. The page is read and not looked into.
import { connect } from "node:net";
import { whileRunning } from "./clock.ts";
import { openMany } from "./idle.ts";
import type { Figures, LargePageJob } from "./job.ts";
import { PacedFlow } from "./paced-flow.ts";

const PAGES = 10;
const REST_MS = 200;
const HEAD_END = "\r\n\r\n";

export async function runLargePage(job: LargePageJob): Promise<Figures> {
  const { target, monitorPort, connections } = job;
  if (monitorPort === undefined) throw new Error("the server has no monitoring port");
  const path = `/connz?limit=${connections}`;
  const links = await openMany(job, connections);
  const flow = await PacedFlow.start(target, undefined, job.perSecond);
  // The first page compiles what makes it.
  const firstPageMs = await readPage(monitorPort, path, links.length);
  await whileRunning(job.warmUpMs);
  let longestMs = 0;
  flow.onDelay = (delayMs) => {
    longestMs = Math.max(longestMs, delayMs);
  };
  const quietMs: number[] = [];
  const pauseMs: number[] = [];
  const pageMs: number[] = [];
  for (let page = 0; page < PAGES; page += 1) {
    await whileRunning(REST_MS);
    // As long a time without a page, then one with it.
    longestMs = 0;
    await whileRunning(pageMs.at(-1) ?? firstPageMs);
    quietMs.push(longestMs);
    longestMs = 0;
    pageMs.push(await readPage(monitorPort, path, links.length));
    pauseMs.push(longestMs);
  }
  flow.onDelay = undefined;
  await flow.stop();
  for (const link of links) link.reset();
  const longest = {
    longestPageMs: Math.max(...pageMs),
    longestPauseMs: Math.max(...pauseMs),
    longestQuietMs: Math.max(...quietMs),
  };
  const middle = (values: number[]): number => values.sort((a, b) => a - b)[PAGES >> 1] ?? 0;
  const figures = { pageMs: middle(pageMs), pauseMs: middle(pauseMs), quietMs: middle(quietMs) };
  return { ...figures, ...longest, firstPageMs };
}

/** From the request to the last byte, in ms. Fails unless the answer is whole and has `entries`. */
function readPage(port: number, path: string, entries: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const askedAt = performance.now();
    const socket = connect({ host: "127.0.0.1", port });
    socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
    let head = "";
    let bytes = 0;
    socket.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (!head.includes(HEAD_END)) head += chunk.toString("latin1");
    });
    socket.once("error", reject);
    socket.once("end", () => {
      const tookMs = performance.now() - askedAt;
      socket.destroy();
      const shown = Number(/"num_connections":\s*(\d+)/.exec(head)?.[1]);
      if (!head.startsWith("HTTP/1.1 200") || !(shown >= entries)) {
        reject(new Error(`${path}: ${head.slice(0, 60)} ... of ${bytes} bytes, ${shown} shown`));
      } else resolve(tookMs);
    });
  });
}
