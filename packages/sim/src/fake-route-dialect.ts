// What two fake servers say to each other over a route: one JSON object a line. Test support; the real
// dialect comes with clustering.

/** Texts are byte strings. */
export type RouteLine =
  | {
      readonly op: "interest";
      readonly account: number;
      readonly filter: string;
      readonly queue: string | null;
      /** 0 = nobody any more. */
      readonly weight: number;
    }
  | {
      readonly op: "message";
      readonly account: number;
      readonly subject: string;
      readonly reply: string | null;
      /** The group whose member on the other side is to get it; null = whoever wants it plainly. */
      readonly queue: string | null;
      readonly header: string;
      readonly payload: string;
    };

export function encodeRouteLine(line: RouteLine): Buffer {
  return Buffer.from(`${JSON.stringify(line)}\n`, "utf8");
}

/** Cuts a stream into lines. */
export class RouteLines {
  #rest = Buffer.alloc(0);

  push(bytes: Uint8Array): RouteLine[] {
    const all = Buffer.concat([this.#rest, bytes]);
    const lines: RouteLine[] = [];
    let start = 0;
    for (let end = all.indexOf(0x0a); end >= 0; end = all.indexOf(0x0a, start)) {
      lines.push(JSON.parse(all.toString("utf8", start, end)) as RouteLine);
      start = end + 1;
    }
    this.#rest = Buffer.from(all.subarray(start));
    return lines;
  }
}
