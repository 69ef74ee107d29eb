// What others may know of a connection that does not change with every message: who, from where,
// with what. A worker writes it as a short text onto the connection board; whoever reads the board
// takes it apart again. What must stay true: `encodeFacts` and `decodeFacts` name the same fields in
// the same order, and no secret is among them.
import type { ClientSession } from "./client-session.ts";

/** MO-20. Empty texts and 0 mean: not known, or not there. */
export interface ConnectionFacts {
  readonly kind: "Client";
  /** Of the listener table. */
  readonly listener: number;
  readonly address: string;
  readonly port: number;
  readonly account: string;
  /** As it logged in, or tried to; a key where there is no name. Never a token. */
  readonly user: string;
  readonly nkey: string;
  readonly name: string;
  readonly language: string;
  readonly version: string;
  readonly protocol: number;
  readonly tlsVersion: string;
  readonly tlsCipher: string;
  /** The handshake came before INFO (TL-10). */
  readonly tlsFirst: boolean;
  readonly tlsPeerSubject: string;
  /** DER of the verified client certificate in base64. */
  readonly tlsPeerCertificate: string;
}

type Row = [
  listener: number,
  address: string,
  port: number,
  account: string,
  user: string,
  nkey: string,
  name: string,
  language: string,
  version: string,
  protocol: number,
  tls?: [version: string, cipher: string, first: number, subject: string, certificate: string],
];

/** `account`: its name, "" before the login. */
export function encodeFacts(session: ClientSession, account: string): string {
  const { facts, transport, tls, connectOptions } = session;
  const row: Row = [
    session.listenerIndex,
    transport.remoteAddress,
    transport.remotePort,
    account,
    // What was asked for, where the login was refused.
    session.user || (connectOptions?.user ?? ""),
    session.nkey,
    facts.name || (connectOptions?.name ?? ""),
    facts.language || (connectOptions?.lang ?? ""),
    facts.version || (connectOptions?.version ?? ""),
    facts.protocol,
  ];
  if (tls !== undefined) {
    const { peerCertificate } = tls;
    const certificate =
      peerCertificate === undefined
        ? ""
        : Buffer.from(
            peerCertificate.buffer,
            peerCertificate.byteOffset,
            peerCertificate.length,
          ).toString("base64");
    const first = session.tlsFirst ? 1 : 0;
    row.push([tls.version, tls.cipher, first, tls.peerSubject ?? "", certificate]);
  }
  return JSON.stringify(row);
}

/** Of a connection that was refused before it had a session (CP-15). */
export function encodeRefused(listener: number, address: string, port: number): string {
  const row: Row = [listener, address, port, "", "", "", "", "", "", 0];
  return JSON.stringify(row);
}

/** The text of {@link encodeFacts}; "" gives facts of which nothing is known. */
export function decodeFacts(text: string): ConnectionFacts {
  const row = (text === "" ? [0, "", 0, "", "", "", "", "", "", 0] : JSON.parse(text)) as Row;
  const [tlsVersion, tlsCipher, tlsFirst, tlsPeerSubject, tlsPeerCertificate] = row[10] ?? [];
  return {
    kind: "Client",
    listener: row[0],
    address: row[1],
    port: row[2],
    account: row[3],
    user: row[4],
    nkey: row[5],
    name: row[6],
    language: row[7],
    version: row[8],
    protocol: row[9],
    tlsVersion: tlsVersion ?? "",
    tlsCipher: tlsCipher ?? "",
    tlsFirst: tlsFirst === 1,
    tlsPeerSubject: tlsPeerSubject ?? "",
    tlsPeerCertificate: tlsPeerCertificate ?? "",
  };
}
