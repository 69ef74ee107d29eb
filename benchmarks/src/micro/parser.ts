// Cases of the client parser: one chunk of whole operations per round, no handler does any work.
import { type ClientOps, ClientParser, type PublishParts } from "@weft/protocol";
import type { MicroCase } from "./micro-case.ts";

const CHUNK_BYTES = 64 * 1024;

/** Counts operations; the same shape as a session, so that calls stay monomorphic. */
class CountingSession implements ClientOps {
  readonly awaitingConnect = false;
  readonly headersEnabled = true;
  readonly controlLineBytesMax = 4096;
  readonly payloadBytesMax = 1024 * 1024;
  operations = 0;
  hashes = 0;

  onEarlyOperation(): boolean {
    return true;
  }
  onPublish(_input: Buffer, _start: number, _end: number, hash: number): boolean {
    this.operations++;
    this.hashes = (this.hashes + hash) | 0;
    return true;
  }
  onTracedPublish(...publish: PublishParts): boolean {
    return this.onPublish(publish[0], publish[1], publish[2], publish[3]);
  }
  onOversizedHeaders(): void {}
  onConnect(): boolean {
    return true;
  }
  onSubscribe(): boolean {
    this.operations++;
    return true;
  }
  onUnsubscribe(): boolean {
    this.operations++;
    return true;
  }
  onPing(): boolean {
    this.operations++;
    return true;
  }
  onPong(): boolean {
    return true;
  }
  onParseFailure(failure: string): void {
    throw new Error(`the input of a case does not parse: ${failure}`);
  }
}

function parserCase(what: string, operation: string): MicroCase {
  const prepare = (): ((count: number) => number) => {
    const perChunk = Math.max(1, Math.floor(CHUNK_BYTES / operation.length));
    const chunk = Buffer.from(operation.repeat(perChunk), "latin1");
    const parser = new ClientParser(0x811c9dc5);
    const session = new CountingSession();
    return (count) => {
      const until = session.operations + count;
      while (session.operations < until) {
        if (parser.feed(chunk, 0, chunk.length, session) !== chunk.length) {
          throw new Error("the parser left something of a chunk of whole operations");
        }
      }
      return session.hashes;
    };
  };
  return { name: `parser: ${what}`, unit: "operation", prepare };
}

const small = "a".repeat(16);
const large = "a".repeat(1024);

export const parserCases: readonly MicroCase[] = [
  parserCase("PUB 16 B", `PUB bench.0 16\r\n${small}\r\n`),
  parserCase("PUB 1 KiB", `PUB bench.0 1024\r\n${large}\r\n`),
  parserCase("PUB with reply", `PUB service.0 _INBOX.c001.000000001 16\r\n${small}\r\n`),
  parserCase("HPUB", `HPUB bench.0 20 36\r\nNATS/1.0\r\nkey: a\r\n\r\n${small}\r\n`),
  parserCase("SUB", "SUB _INBOX.churn.000001 1\r\n"),
  parserCase("UNSUB", "UNSUB 1\r\n"),
];
