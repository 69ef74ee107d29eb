// What somebody threw, as a text. Any thread; pure.

/** The message of an error; anything else as text. */
export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
