// The checks of the imports and exports of an account. Any thread; pure but for the verifier that is
// handed in: activation tokens are decoded.
import type { SignatureVerifier } from "@weft/auth";
import { subjectSizeFault } from "@weft/subjects";
import type { ExportClaim, ImportClaim } from "../claims/claims.ts";
import { decodeActivation } from "../decode-activation.ts";
import { containment } from "./containment.ts";
import { type Findings, quote } from "./findings.ts";
import {
  checkRenaming,
  checkSize,
  checkSubject,
  filterOfRenaming,
  hasWildcards,
  isContainedIn,
  tokensOf,
} from "./subject-text.ts";
import { infoUrlProblem } from "./urls.ts";
import { checkActivation } from "./validate-user.ts";

const INFO_BYTES_MAX = 8 * 1024;
/** More pairs say nothing new. */
const PAIRS_MAX = 1_000;
const TOO_MANY = "too many overlapping subjects to compare all";

/** Description and its URL, of an account or an export. */
export function checkInfo(description: string, infoUrl: string, findings: Findings): void {
  if (Buffer.byteLength(description) > INFO_BYTES_MAX) findings.error("Description is too long");
  if (infoUrl === "") return;
  if (Buffer.byteLength(infoUrl) > INFO_BYTES_MAX) findings.error("Info URL is too long");
  const problem = infoUrlProblem(infoUrl);
  if (problem !== undefined) findings.error(problem);
}

/** One import of the account `importer`. */
export function checkImport(
  claim: ImportClaim,
  importer: string,
  verifier: SignatureVerifier,
  findings: Findings,
): void {
  const { subject, type } = claim;
  const isService = type === "service";
  if (type === "") findings.error('invalid import type: "unknown"');
  if (isService && claim.allowTrace) findings.error("AllowTrace only valid for stream import");
  if (claim.account === "") findings.error("account to import from is not specified");
  if (claim.to !== "") {
    findings.warning("the field to has been deprecated (use LocalSubject instead)");
  }
  checkSubject(subject, findings);
  checkSize(claim.to, findings);
  if (claim.localSubject !== "") {
    checkRenaming(claim.localSubject, subject, findings);
    if (claim.to !== "") findings.error("Local Subject replaces To");
  }
  if (claim.share && !isService) {
    const what = "sharing information (for latency tracking) is only valid for services";
    findings.error(`${what}: ${quote(subject)}`);
  }
  if (claim.token !== "") checkToken(claim, importer, verifier, findings);
}

function checkToken(
  claim: ImportClaim,
  importer: string,
  verifier: SignatureVerifier,
  findings: Findings,
): void {
  const shown = quote(claim.subject);
  const decoded = decodeActivation(claim.token, verifier);
  if (!decoded.ok) {
    findings.error(`import ${shown} contains an invalid activation token`);
    return;
  }
  const { claims } = decoded;
  const { importSubject, importType, issuerAccount } = claims.nats;
  if (claims.issuer !== claim.account && issuerAccount !== claim.account) {
    findings.error(`activation token doesn't match account for import ${shown}`);
  }
  if (claims.subject !== importer) {
    findings.error(`activation token doesn't match account it is being included in, ${shown}`);
  }
  if (importType !== claim.type) {
    const [token, own] = [importType || "unknown", claim.type || "unknown"];
    findings.error(`mismatch between token import type ${token} and type of import ${own}`);
  }
  checkActivation(claims, undefined, findings);
  const wanted = claim.type === "service" && claim.to !== "" ? claim.to : claim.subject;
  if (!isContainedIn(wanted, importSubject)) {
    const token = quote(importSubject);
    findings.error(`activation token import subject ${token} doesn't match import ${shown}`);
  }
}

/** Where requests to a service import are sent in the importing account. */
function localServiceSubject(claim: ImportClaim): string {
  return claim.to || filterOfRenaming(claim.localSubject) || claim.subject;
}

/** All imports: each alone, and services of one exporter that overlap. */
export function checkImports(
  imports: readonly ImportClaim[],
  importer: string,
  verifier: SignatureVerifier,
  findings: Findings,
): void {
  const byExporter = new Map<string, string[]>();
  for (const claim of imports) {
    const local = localServiceSubject(claim);
    if (claim.type === "service" && subjectSizeFault(local) === undefined) {
      const known = byExporter.get(claim.account) ?? [];
      known.push(local);
      byExporter.set(claim.account, known);
    }
    checkImport(claim, importer, verifier, findings);
    if (findings.isFull) return;
  }
  for (const [account, subjects] of byExporter) checkOverlaps(subjects, account, findings);
}

/** Subjects in quotes: one that meets many others is quoted once. */
class QuotedOnce {
  readonly #known = new Map<string, string>();

  of(subject: string): string {
    const known = this.#known.get(subject);
    if (known !== undefined) return known;
    const quoted = quote(subject);
    this.#known.set(subject, quoted);
    return quoted;
  }
}

function checkOverlaps(subjects: readonly string[], account: string, findings: Findings): void {
  const distinct = [...new Set(subjects)];
  const places = new Map(distinct.map((subject, place) => [subject, place]));
  const { pairs, isComplete } = containment(distinct, PAIRS_MAX);
  const overlapping = new Map<number, Set<number>>();
  for (const { inner, outer } of pairs) {
    const [later, earlier] = [Math.max(inner, outer), Math.min(inner, outer)];
    const known = overlapping.get(later) ?? new Set();
    overlapping.set(later, known.add(earlier));
  }
  const quoted = new QuotedOnce();
  const where = `in same account ${quote(account)}`;
  const seen = new Set<string>();
  for (const subject of subjects) {
    // Each later one is compared with all before it, once for every time that it stands there.
    const place = places.get(subject) as number;
    const isAgain = seen.has(subject);
    const others = new Set(overlapping.get(place));
    if (isAgain) for (const other of laterOverlaps(overlapping, place)) others.add(other);
    for (const other of others) {
      const earlier = distinct[other] as string;
      if (!seen.has(earlier)) continue;
      const both = `${quoted.of(subject)} and ${quoted.of(earlier)}`;
      findings.error(`overlapping subject namespace for ${both} ${where}`);
      if (findings.isFull) return;
    }
    if (isAgain) {
      const shown = quoted.of(subject);
      findings.error(`overlapping subject namespace for ${shown} and ${shown} ${where}`);
      findings.error(`overlapping subject namespace for ${shown} in account ${quote(account)}`);
    }
    seen.add(subject);
    if (findings.isFull) return;
  }
  if (!isComplete) findings.error(TOO_MANY);
}

function laterOverlaps(overlapping: ReadonlyMap<number, Set<number>>, place: number): number[] {
  const later: number[] = [];
  for (const [other, earlier] of overlapping) if (earlier.has(place)) later.push(other);
  return later;
}

const RESPONSE_TYPES: ReadonlySet<string> = new Set(["", "Singleton", "Stream", "Chunked"]);

function checkExport(claim: ExportClaim, findings: Findings): void {
  const { type, responseType, latency, responseThresholdNanos } = claim;
  const isService = type === "service";
  if (type === "") findings.error('invalid export type: "unknown"');
  if (isService && !RESPONSE_TYPES.has(responseType)) {
    findings.error(`invalid response type for service: ${quote(responseType)}`);
  }
  if (type === "stream") {
    if (responseType !== "") {
      findings.error(`invalid response type for stream: ${quote(responseType)}`);
    }
    if (claim.allowTrace) findings.error("AllowTrace only valid for service export");
  }
  if (latency !== undefined) {
    if (!isService) findings.error("latency tracking only permitted for services");
    if (latency.sampling !== 0 && (latency.sampling < 1 || latency.sampling > 100)) {
      findings.error("sampling percentage needs to be between 1-100");
    }
    checkSubject(latency.results, findings);
    if (hasWildcards(latency.results)) {
      findings.error("results subject can not contain wildcards");
    }
  }
  if (responseThresholdNanos < 0) findings.error("negative response threshold is invalid");
  if (responseThresholdNanos > 0 && !isService) {
    findings.error("response threshold only valid for services");
  }
  checkSubject(claim.subject, findings);
  checkTokenPosition(claim, findings);
  checkInfo(claim.description, claim.infoUrl, findings);
}

function checkTokenPosition(claim: ExportClaim, findings: Findings): void {
  const { accountTokenPosition: position, subject } = claim;
  if (position <= 0) return;
  if (!hasWildcards(subject)) {
    findings.error(`Account Token Position can only be used with wildcard subjects: ${subject}`);
    return;
  }
  const tokens = tokensOf(subject);
  const token = tokens[position - 1];
  if (token === undefined) {
    findings.error(`Account Token Position ${position} exceeds length of subject '${subject}'`);
  } else if (token !== "*") {
    findings.error(
      `Account Token Position ${position} matches '${token}' but must match a * in: ${subject}`,
    );
  }
}

/** All exports: each alone, and those of one kind that contain each other. */
export function checkExports(exports: readonly ExportClaim[], findings: Findings): void {
  const services: string[] = [];
  const streams: string[] = [];
  for (const claim of exports) {
    // One that is too long is refused anyhow, and dear to compare.
    const isComparable = subjectSizeFault(claim.subject) === undefined;
    if (isComparable) (claim.type === "service" ? services : streams).push(claim.subject);
    checkExport(claim, findings);
    if (findings.isFull) return;
  }
  checkContainment("service", services, findings);
  checkContainment("stream", streams, findings);
}

function checkContainment(kind: string, subjects: readonly string[], findings: Findings): void {
  const { pairs, isComplete } = containment(subjects, PAIRS_MAX);
  const quoted = new QuotedOnce();
  const told = new Set<string>();
  for (const { inner, outer } of pairs) {
    const wide = subjects[outer] as string;
    if (told.has(wide)) continue;
    told.add(wide);
    const [outerText, innerText] = [quoted.of(wide), quoted.of(subjects[inner] as string)];
    findings.error(`${kind} export subject ${outerText} already exports ${innerText}`);
    if (findings.isFull) return;
  }
  if (!isComplete) findings.error(TOO_MANY);
}
