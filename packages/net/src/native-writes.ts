// Writes of plain sockets, straight to what Node's sockets stand on. Almost always the kernel takes a
// write at once; by way of the stream layer that costs a request, its states and a tick each, here
// one call. Any thread that owns sockets, one object each.
// What must stay true: chunks of a write that has to wait are held until it is done; a request object
// that Node has begun to use is never used again; where Node is not as expected nothing is done here,
// and the stream does it (see socket-access.ts for what else is Node's own).
import { getSystemErrorName } from "node:util";
import { type OwnedSocket, TRANSPORT } from "./socket-access.ts";

/** What became of a write. */
export type WriteOutcome =
  | typeof WRITE_DONE
  | typeof WRITE_WAITS
  | typeof WRITE_FAILED
  | typeof WRITE_REFUSED;
export const WRITE_DONE = 0;
/** `nativeWritten` of the transport follows, or the close of the socket. */
export const WRITE_WAITS = 1;
/** The close of the socket follows. */
export const WRITE_FAILED = 2;
/** Nothing was written: Node is not as expected, or not known well enough yet. */
export const WRITE_REFUSED = 3;

/** The object by which Node tells that a write is done. */
interface WriteRequest {
  /** -1 while nothing is under way with it. */
  getAsyncId(): number;
  oncomplete: ((this: WriteRequest, status: number) => void) | undefined;
  /** What became of it while the write was still being made: the TLS layer tells of faults so. */
  earlyStatus: number | undefined;
  socket: OwnedSocket | undefined;
  chunks: readonly Buffer[] | undefined;
}

type WriteRequestClass = new () => WriteRequest;

interface WritableHandle {
  readonly writeQueueSize?: number | undefined;
  writeBuffer(request: WriteRequest, chunk: Buffer): number;
  writev(request: WriteRequest, chunks: readonly Buffer[], allBuffers: true): number;
}

interface WithHandle {
  readonly _handle: WritableHandle | null;
}

const NOTHING_UNDER_WAY = -1;
/** More than one turn's output of most connections; what is larger is joined by Node. */
const JOINED_BYTES_MAX = 512 * 1024;

export class NativeWrites {
  #requestClass: WriteRequestClass | undefined;
  #isUnknown = false;
  /** Unused; serves all writes that are done at once. */
  #request: WriteRequest | undefined;
  #joined: Buffer | undefined;

  /**
   * The same bytes as one chunk, which is valid until the next call. For TLS, which encrypts within
   * `write`: Node joins chunks in fresh memory, whose pages cost more than the encryption.
   */
  joined(chunks: readonly Buffer[]): readonly Buffer[] {
    let bytes = 0;
    for (const chunk of chunks) bytes += chunk.length;
    if (chunks.length === 1 || bytes > JOINED_BYTES_MAX) return chunks;
    this.#joined ??= Buffer.allocUnsafeSlow(JOINED_BYTES_MAX);
    let end = 0;
    for (const chunk of chunks) {
      this.#joined.set(chunk, end);
      end += chunk.length;
    }
    return [this.#joined.subarray(0, end)];
  }

  /** What waits for the kernel; of TLS what is encrypted. 0 where Node is not as expected. */
  unsentBytes(socket: OwnedSocket): number {
    return (socket as unknown as WithHandle)._handle?.writeQueueSize ?? 0;
  }

  write(socket: OwnedSocket, chunks: readonly Buffer[]): WriteOutcome {
    const request = this.#request;
    const handle = (socket as unknown as WithHandle)._handle;
    if (request === undefined || handle === null) return this.#learn(socket, handle, chunks);
    const error =
      chunks.length === 1
        ? handle.writeBuffer(request, chunks[0] as Buffer)
        : handle.writev(request, chunks, true);
    const fault = error === 0 ? (request.earlyStatus ?? 0) : error;
    if (fault !== 0) {
      this.#renew();
      socket.destroy(writeError(fault));
      return WRITE_FAILED;
    }
    if (request.getAsyncId() === NOTHING_UNDER_WAY) return WRITE_DONE;
    request.socket = socket;
    request.chunks = [...chunks];
    this.#renew();
    return WRITE_WAITS;
  }

  #renew(): void {
    this.#request = this.#requestClass && new this.#requestClass();
    if (this.#request === undefined) return;
    this.#request.oncomplete = onComplete;
    this.#request.earlyStatus = undefined;
  }

  /** Node shows the class of its requests to nobody, but uses one for every write of a socket. */
  #learn(
    socket: OwnedSocket,
    handle: WritableHandle | null,
    chunks: readonly Buffer[],
  ): WriteOutcome {
    if (handle === null) return WRITE_FAILED;
    if (this.#isUnknown || chunks.length !== 1) return WRITE_REFUSED;
    const { writeBuffer } = handle;
    this.#isUnknown = true;
    handle.writeBuffer = (request, chunk) => {
      const found = request.constructor as WriteRequestClass;
      const isKnown = typeof request.getAsyncId === "function" && found !== (Object as unknown);
      if (isKnown && typeof handle.writev === "function") this.#requestClass = found;
      return writeBuffer.call(handle, request, chunk);
    };
    socket.write(chunks[0] as Buffer, () => socket[TRANSPORT]?.nativeWritten());
    Reflect.deleteProperty(handle, "writeBuffer");
    this.#renew();
    return WRITE_WAITS;
  }
}

function onComplete(this: WriteRequest, status: number): void {
  const { socket } = this;
  this.socket = undefined;
  this.chunks = undefined;
  if (socket === undefined) {
    this.earlyStatus = status;
    return;
  }
  if (status < 0) socket.destroy(writeError(status));
  else socket[TRANSPORT]?.nativeWritten();
}

function writeError(errno: number): Error {
  const code = getSystemErrorName(errno);
  return Object.assign(new Error(`write ${code}`), { errno, code, syscall: "write" });
}
