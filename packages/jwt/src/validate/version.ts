// Versions of servers as an operator asserts them (AN-41). Any thread; pure.

export interface ServerVersion {
  readonly major: number;
  readonly minor: number;
  readonly update: number;
}

export type VersionResult =
  | { readonly ok: true; readonly version: ServerVersion }
  | { readonly ok: false; readonly error: string };

/** `2.11.0`; "" = 0.0.0, which every server fulfils. Errors in the reference's words. */
export function parseServerVersion(text: string): VersionResult {
  if (text === "") return { ok: true, version: { major: 0, minor: 0, update: 0 } };
  const parts = text.split(".");
  if (parts.length !== 3) {
    const error = "asserted server version must be of the form <major>.<minor>.<update>";
    return { ok: false, error };
  }
  for (const part of parts) {
    if (!/^[+-]?[0-9]{1,18}$/.test(part)) {
      return { ok: false, error: `asserted server version cant parse ${part} to int` };
    }
  }
  const [major, minor, update] = parts.map(Number) as [number, number, number];
  if (major < 0 || minor < 0 || update < 0) {
    const error = `asserted server version can'b contain negative values: ${text}`;
    return { ok: false, error };
  }
  return { ok: true, version: { major, minor, update } };
}
