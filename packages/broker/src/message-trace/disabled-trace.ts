// Ends a trace in the message itself (AC-75): whoever gets it on from here finds a destination that is
// none. Owned by the worker's core.
import {
  copyWithHeader,
  HEADER_ROOM_BYTES,
  lastHeader,
  TRACE_DESTINATION_HEADER,
  TRACE_DISABLED,
} from "@weft/protocol";
import { writeSizes } from "../publish/body-sizes.ts";
import type { MessageView } from "../publish/message-view.ts";

const DISABLED = lastHeader(TRACE_DESTINATION_HEADER.toString("latin1"), TRACE_DISABLED);
/** In front of a body written anew, for its sizes. */
const SIZES_BYTES_MAX = 24;

/** Writes the body anew. */
export function disableTrace(message: MessageView): void {
  const { body, bodyStart, bodyEnd, headerBytes } = message;
  const payloadStart = bodyStart + Math.max(0, headerBytes);
  const block = body.subarray(bodyStart, payloadStart);
  const room = SIZES_BYTES_MAX + block.length + DISABLED.length + HEADER_ROOM_BYTES;
  const out = Buffer.allocUnsafeSlow(room + bodyEnd - payloadStart + 2);
  const at = copyWithHeader(block, TRACE_DESTINATION_HEADER, DISABLED, out, SIZES_BYTES_MAX);
  message.headerBytes = at - SIZES_BYTES_MAX;
  message.body = out;
  message.bodyStart = SIZES_BYTES_MAX;
  message.bodyEnd = at + body.copy(out, at, payloadStart, bodyEnd + 2) - 2;
  const total = message.bodyEnd - SIZES_BYTES_MAX;
  message.tailStart = writeSizes(out, SIZES_BYTES_MAX, message.headerBytes, total);
}
