// Tokens in files of any form: bare, in a frame, creds, lines of a list.
import { readFileSync } from "node:fs";
import type { SignatureVerifier } from "@weft/auth";
import { type Claims, decodeToken, parseDecoratedToken } from "@weft/jwt";
import { Failure } from "../command-line/failure.ts";
import { readWanted } from "./files.ts";

const STANDARD_INPUT = "-";

/** The text of a file, or of standard input for `-`. */
export function readText(file: string): string {
  return file === STANDARD_INPUT ? readFileSync(0, "utf8") : readWanted(file);
}

/** The first token of a file. */
export function readClaimsFile(
  file: string,
  verifier: SignatureVerifier,
): { readonly claims: Claims; readonly token: string } {
  const token = parseDecoratedToken(readText(file));
  if (!token.ok) throw new Failure(`${file}: ${token.error}`);
  const decoded = decodeToken(token.value, verifier);
  if (!decoded.ok) throw new Failure(`${file}: ${decoded.error.message}`);
  return { claims: decoded.claims, token: token.value };
}
