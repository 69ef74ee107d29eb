// Writes a page to its reader, no faster than the reader takes it. Control thread. Must stay true: at
// most one piece of a page is made ahead; a reader that takes nothing is cut.
import type { ServerResponse } from "node:http";
import { LIMITS } from "@weft/base";
import type { Page } from "@weft/monitor";
import { nextTurn } from "./monitor-steps.ts";

export async function sendPage(
  response: ServerResponse,
  page: Page,
  headers: Readonly<Record<string, string>> = {},
): Promise<void> {
  const deadline = setTimeout(() => response.destroy(), LIMITS.monitorAnswerMs);
  response.once("close", () => clearTimeout(deadline));
  const { status, contentType, body } = page;
  const pieces = body[Symbol.iterator]();
  let text = pieces.next().value ?? "";
  let next = pieces.next();
  const length = next.done === true ? { "Content-Length": Buffer.byteLength(text) } : undefined;
  response.writeHead(status, {
    "Content-Type": contentType,
    ...length,
    ...page.headers,
    ...headers,
  });
  while (next.done !== true) {
    if (!response.write(text)) await drained(response);
    else await nextTurn();
    if (response.destroyed) return;
    text = next.value;
    next = pieces.next();
  }
  response.end(text);
}

function drained(response: ServerResponse): Promise<void> {
  if (response.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    const finish = (): void => {
      response.off("drain", finish);
      response.off("close", finish);
      resolve();
    };
    response.on("drain", finish);
    response.on("close", finish);
  });
}
