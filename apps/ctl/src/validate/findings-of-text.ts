// Everything that is to be said against tokens in a text: one token, a creds file, or lines as
// servers send them (`key|token`).
import type { SignatureVerifier } from "@weft/auth";
import {
  type Claims,
  decodeToken,
  parseCreds,
  parseDecoratedToken,
  validateClaims,
} from "@weft/jwt";
import { publicKeyOf } from "../store/new-key.ts";
import type { PlacedFinding } from "./findings-of-store.ts";

/** What was found in one token; claims undefined = it could not be read, or nobody signed it. */
export interface InspectedToken {
  readonly claims: Claims | undefined;
  readonly findings: readonly PlacedFinding[];
}

/** `file` = what findings call the text. */
export function inspectText(
  text: string,
  file: string,
  nowSeconds: number,
  verifier: SignatureVerifier,
): readonly InspectedToken[] {
  const creds = parseCreds(text);
  if (creds.ok) {
    const inspected = inspectToken(creds.value.token, file, nowSeconds, verifier);
    const isSame = publicKeyOf(creds.value.seed) === inspected.claims?.subject;
    if (isSame || inspected.claims === undefined) return [inspected];
    const wrong = {
      place: file,
      level: "error",
      text: "the seed is that of another user",
    } as const;
    return [{ ...inspected, findings: [...inspected.findings, wrong] }];
  }
  if (text.includes("-----")) {
    const token = parseDecoratedToken(text);
    return [inspectToken(token.ok ? token.value : "", file, nowSeconds, verifier)];
  }
  const lines = text.split("\n").map((line) => line.trim());
  const tokens = lines.flatMap((line, at) =>
    line === "" ? [] : [{ token: line.slice(line.indexOf("|") + 1), line: at + 1 }],
  );
  if (tokens.length === 0) {
    return [{ claims: undefined, findings: [{ place: file, level: "error", text: "no token" }] }];
  }
  return tokens.map(({ token, line }) => {
    const place = tokens.length === 1 ? file : `${file}:${line}`;
    return inspectToken(token, place, nowSeconds, verifier);
  });
}

function inspectToken(
  token: string,
  place: string,
  nowSeconds: number,
  verifier: SignatureVerifier,
): InspectedToken {
  const decoded = decodeToken(token, verifier);
  if (!decoded.ok) {
    const finding = { place, level: "error", text: decoded.error.message } as const;
    return { claims: undefined, findings: [finding] };
  }
  const { claims } = decoded;
  const findings = validateClaims(claims, nowSeconds, verifier);
  return { claims, findings: findings.map((finding) => ({ ...finding, place })) };
}
