// Base64url without padding, in the one form that each byte string has. Any thread; pure.

const LETTERS = /^[A-Za-z0-9_-]*$/;

export function encodeBase64Url(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64url");
}

/** The bytes of a canonical text; undefined for any other text. */
export function decodeBase64Url(text: string): Uint8Array | undefined {
  if (text.length % 4 === 1 || !LETTERS.test(text)) return undefined;
  const bytes = Buffer.from(text, "base64url");
  // Unused bits of the last letter could be anything: the same token would have several texts.
  const tail = bytes.toString("base64url", bytes.length - (bytes.length % 3));
  return text.endsWith(tail) ? bytes : undefined;
}
