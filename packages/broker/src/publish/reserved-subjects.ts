// Subjects that clients do not publish on like on any other. No state.

/** `_R_.`: somebody answers a service import. */
export function isServiceReply(input: Buffer, start: number, end: number): boolean {
  if (end - start < 5 || input[start] !== 0x5f || input[start + 1] !== 0x52) return false;
  return input[start + 2] === 0x5f && input[start + 3] === 0x2e;
}

/** A client may not publish here whatever its permissions say (CP-62). */
export function isReservedSubject(input: Buffer, start: number, end: number): boolean {
  const first = input[start];
  if (first !== 0x24 && first !== 0x5f) return false;
  // Inboxes are no reserved ones; they come with every request.
  if (first === 0x5f && input[start + 1] !== 0x47) return false;
  const begin = input.toString("latin1", start, Math.min(end, start + 5));
  return begin === "$NRG." || begin === "$GNR." || begin === "_GR_.";
}
