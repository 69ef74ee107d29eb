// Several chunks as one write of the system, by way of the stream. Any thread that owns sockets.
import type { Writable } from "node:stream";

/** For a transport, where Node is not known well enough for native writes. */
export function writeByStream(
  transport: { nativeWritten(): void },
  stream: Writable,
  chunks: readonly Buffer[],
): void {
  writeChunks(stream, chunks, (error) => {
    if (!error) transport.nativeWritten();
  });
}

/** `written` is called in a later tick. */
export function writeChunks(
  stream: Writable,
  chunks: readonly Buffer[],
  written: (error?: Error | null) => void,
): void {
  const last = chunks.length - 1;
  if (last === 0) {
    stream.write(chunks[0]!, written);
    return;
  }
  stream.cork();
  for (let index = 0; index < last; index += 1) stream.write(chunks[index]!);
  stream.write(chunks[last]!, written);
  stream.uncork();
}
