// Writes a page to its reader, no faster than the reader takes it. Control thread. Must stay true:
// what a reader took is let go of; a reader that takes nothing is cut.
import type { ServerResponse } from "node:http";
import { LIMITS } from "@weft/base";
import type { Page } from "@weft/monitor";
import { nextTurn } from "./monitor-steps.ts";
import type { PageHold } from "./page-budget.ts";

type Headers = Readonly<Record<string, string>>;

/** A page as bytes; `hold` is what it takes of the budget. */
export interface FinishedPage {
  readonly page: Omit<Page, "body">;
  /** Emptied as they are sent. */
  readonly pieces: Buffer[];
  readonly bytes: number;
  readonly hold: PageHold;
}

/** A short text, such as a refusal. */
export function sendText(response: ServerResponse, page: Page, headers: Headers = {}): void {
  const text = [...page.body].join("");
  const length = { "Content-Length": Buffer.byteLength(text) };
  writeHead(response, page, { ...length, ...headers });
  response.end(text);
}

/** `answerMs`: how long the reader has for the whole page. */
export async function sendPage(
  response: ServerResponse,
  { page, pieces, bytes, hold }: FinishedPage,
  headers: Headers = {},
  answerMs: number = LIMITS.monitorAnswerMs,
): Promise<void> {
  const { socket } = response.req;
  const deadline = setTimeout(() => socket.destroy(), answerMs);
  const ended = (): void => {
    clearTimeout(deadline);
    socket.off("close", ended);
  };
  response.once("close", ended);
  socket.once("close", ended);
  try {
    writeHead(response, page, { "Content-Length": bytes, ...headers });
    if (response.req.method === "HEAD") pieces.length = 0;
    for (let piece = pieces.shift(); piece !== undefined; piece = pieces.shift()) {
      if (socket.destroyed) return;
      if (!response.write(piece)) await drained(response);
      else await nextTurn();
      hold.taken(piece.length);
    }
    response.end();
  } finally {
    hold.release();
  }
}

function writeHead(
  response: ServerResponse,
  { status, contentType, headers }: Omit<Page, "body">,
  more: Readonly<Record<string, string | number>>,
): void {
  response.writeHead(status, { "Content-Type": contentType, ...headers, ...more });
}

/** The reader took what was written, or is gone: a page behind others is told only by its socket. */
function drained(response: ServerResponse): Promise<void> {
  const { socket } = response.req;
  if (socket.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    const finish = (): void => {
      response.off("drain", finish);
      socket.off("close", finish);
      resolve();
    };
    response.on("drain", finish);
    socket.on("close", finish);
  });
}
