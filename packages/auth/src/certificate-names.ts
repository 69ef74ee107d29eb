// What a client certificate calls its owner: subject and alternative names, straight from its bytes,
// since printed forms hide what an attribute is (AN-31). Any thread; pure.
import { DER, DerReader } from "./der-reader.ts";
import type { DistinguishedName } from "./distinguished-name.ts";

/** An attribute of a subject; `type` is the DER of its identifier in hexadecimal. */
interface SubjectAttribute {
  readonly type: string;
  /** Undefined: not a kind of string. */
  readonly value: string | undefined;
}

type Subject = readonly (readonly SubjectAttribute[])[];

export interface CertificateNames {
  readonly emails: readonly string[];
  readonly dnsNames: readonly string[];
  readonly uris: readonly string[];
  /** Undefined: empty, or with an attribute that names are not compared by. */
  readonly subject: DistinguishedName | undefined;
  /**
   * The subject as text in the reference's own order of types, whatever the certificate's: unknown
   * attributes are left out, and so are domain components. Empty when nothing is left.
   */
  readonly subjectText: string;
  /** Domain components as text, most general first where the certificate has them so; or empty. */
  readonly domainText: string;
}

/** Types that names are compared by. */
const TYPE_NAMES: ReadonlyMap<string, string> = new Map([
  ["550403", "CN"],
  ["550405", "SERIALNUMBER"],
  ["550406", "C"],
  ["550407", "L"],
  ["550408", "ST"],
  ["550409", "STREET"],
  ["55040a", "O"],
  ["55040b", "OU"],
  ["550411", "POSTALCODE"],
  ["0992268993f22c640119", "DC"],
]);

/** Types of the text form in its order; of the first two a subject has one, the last that it says. */
const SINGLE_TEXT_TYPES = ["SERIALNUMBER", "CN"];
const TEXT_TYPES = ["POSTALCODE", "STREET", "ST", "L", "OU", "O", "C"];

const SUBJECT_ALT_NAME = "551d11";
const GENERAL_NAME = { email: 0x81, dns: 0x82, uri: 0x86 } as const;
const VERSION_TAG = 0xa0;
const EXTENSIONS_TAG = 0xa3;

/** Undefined: these are not the bytes of a certificate. */
export function certificateNames(certificate: Uint8Array): CertificateNames | undefined {
  try {
    return readNames(certificate);
  } catch {
    return undefined;
  }
}

function readNames(certificate: Uint8Array): CertificateNames {
  const body = new DerReader(certificate).parts(DER.sequence).parts(DER.sequence);
  if (body.tag === VERSION_TAG) body.content();
  // Serial number, signature algorithm, issuer, validity.
  for (let skipped = 0; skipped < 4; skipped += 1) body.content();
  const subject = readSubject(body.parts(DER.sequence));
  const names = {
    emails: [] as string[],
    dnsNames: [] as string[],
    uris: [] as string[],
    subject: comparable(subject),
    subjectText: subjectText(subject),
    domainText: domainText(subject),
  };
  while (!body.isAtEnd) {
    if (body.tag === EXTENSIONS_TAG) readExtensions(body.parts(EXTENSIONS_TAG), names);
    else body.content();
  }
  return names;
}

function readSubject(reader: DerReader): Subject {
  const subject: SubjectAttribute[][] = [];
  while (!reader.isAtEnd) {
    const set = reader.parts(DER.set);
    const attributes: SubjectAttribute[] = [];
    while (!set.isAtEnd) {
      const pair = set.parts(DER.sequence);
      const type = pair.content(DER.objectIdentifier).toString("hex");
      const tag = pair.tag;
      attributes.push({ type, value: readString(tag, pair.content()) });
    }
    subject.push(attributes);
  }
  return subject;
}

function readString(tag: number, bytes: Buffer): string | undefined {
  switch (tag) {
    case 0x0c:
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    // Numeric, printable, T.61 and IA5 strings.
    case 0x12:
    case 0x13:
    case 0x14:
    case 0x16:
      return bytes.toString("latin1");
    case 0x1e:
      return Buffer.from(bytes).swap16().toString("utf16le");
    default:
      return undefined;
  }
}

/** Most significant last, as in the text of a configured name. */
function comparable(subject: Subject): DistinguishedName | undefined {
  const parts = subject.filter((attributes) => attributes.length > 0);
  if (parts.length === 0) return undefined;
  const name: { type: string; value: string }[][] = [];
  for (const attributes of parts) {
    const relative: { type: string; value: string }[] = [];
    for (const { type, value } of attributes) {
      const typeName = TYPE_NAMES.get(type);
      if (typeName === undefined || value === undefined) return undefined;
      relative.push({ type: typeName, value });
    }
    name.unshift(relative);
  }
  return name;
}

function valuesOf(subject: Subject, typeName: string): string[] {
  const values: string[] = [];
  for (const { type, value } of subject.flat()) {
    if (TYPE_NAMES.get(type) === typeName && value !== undefined) values.push(value);
  }
  return values;
}

function subjectText(subject: Subject): string {
  const parts: string[] = [];
  for (const type of SINGLE_TEXT_TYPES) {
    const value = valuesOf(subject, type).at(-1);
    if (value !== undefined && value !== "") parts.push(`${type}=${escaped(value)}`);
  }
  for (const type of TEXT_TYPES) {
    const values = valuesOf(subject, type).map((value) => `${type}=${escaped(value)}`);
    if (values.length > 0) parts.push(values.join("+"));
  }
  return parts.join(",");
}

function domainText(subject: Subject): string {
  return valuesOf(subject, "DC")
    .map((value) => `DC=${value}`)
    .join(",");
}

function escaped(value: string): string {
  return value.replace(/[,+"\\<>;]|^[ #]| $/g, "\\$&");
}

interface AlternativeNames {
  readonly emails: string[];
  readonly dnsNames: string[];
  readonly uris: string[];
}

function readExtensions(wrapper: DerReader, names: AlternativeNames): void {
  const extensions = wrapper.parts(DER.sequence);
  while (!extensions.isAtEnd) {
    const extension = extensions.parts(DER.sequence);
    const isWanted = extension.content(DER.objectIdentifier).toString("hex") === SUBJECT_ALT_NAME;
    if (extension.tag === DER.boolean) extension.content();
    if (!isWanted) continue;
    const list = new DerReader(extension.content(DER.octetString)).parts(DER.sequence);
    while (!list.isAtEnd) {
      const tag = list.tag;
      const name = list.content().toString("latin1");
      if (tag === GENERAL_NAME.email) names.emails.push(name);
      else if (tag === GENERAL_NAME.dns) names.dnsNames.push(name);
      else if (tag === GENERAL_NAME.uri) names.uris.push(name);
    }
  }
}
