// What others may know of a connection that does not change with every message: who, from where,
// with what. A worker writes it as a short text onto the connection board; whoever reads the board
// takes it apart again. What must stay true: `encodeFacts` and `decodeFacts` name the same fields in
// the same order, and no secret is among them.

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
  /** Of a login by token: what it says of itself. */
  readonly token?: TokenLabels | undefined;
  /** AN-83. Public key of the trusted proxy that it came through. */
  readonly proxy?: string | undefined;
}

/** Of a client's certificate, in the reference's words; hashes in hexadecimal. */
export interface PeerCertificateLabels {
  readonly subject: string | undefined;
  readonly spki_sha256: string;
  readonly cert_sha256: string;
}

/** AN-57. No secret among it. */
export interface TokenLabels {
  /** Key that signed the user. */
  readonly issuerKey: string;
  /** Name of the account for people. */
  readonly accountTag: string;
  readonly tags: readonly string[];
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
  tls?: [version: string, cipher: string, first: number, subject: string, certificate: string] | 0,
  token?: [issuerKey: string, accountTag: string, tags: readonly string[]] | 0,
  proxy?: string,
];

const TLS_PLACE = 10;
const TOKEN_PLACE = 11;
const PROXY_PLACE = 12;

/** A short text for {@link decodeFacts}. */
export function encodeFacts(facts: ConnectionFacts): string {
  const row: Row = [
    facts.listener,
    facts.address,
    facts.port,
    facts.account,
    facts.user,
    facts.nkey,
    facts.name,
    facts.language,
    facts.version,
    facts.protocol,
  ];
  if (facts.tlsVersion !== "") {
    const { tlsVersion, tlsCipher, tlsFirst, tlsPeerSubject, tlsPeerCertificate } = facts;
    row.push([tlsVersion, tlsCipher, tlsFirst ? 1 : 0, tlsPeerSubject, tlsPeerCertificate]);
  }
  const { token, proxy } = facts;
  if (token !== undefined || proxy !== undefined) {
    if (row.length === TLS_PLACE) row.push(0);
    row.push(token === undefined ? 0 : [token.issuerKey, token.accountTag, token.tags]);
  }
  if (proxy !== undefined) row.push(proxy);
  return JSON.stringify(row);
}

/** Facts of which nothing is known. */
export const UNKNOWN_FACTS: ConnectionFacts = {
  kind: "Client",
  listener: 0,
  address: "",
  port: 0,
  account: "",
  user: "",
  nkey: "",
  name: "",
  language: "",
  version: "",
  protocol: 0,
  tlsVersion: "",
  tlsCipher: "",
  tlsFirst: false,
  tlsPeerSubject: "",
  tlsPeerCertificate: "",
};

/** The text of {@link encodeFacts}; "" gives facts of which nothing is known. */
export function decodeFacts(text: string): ConnectionFacts {
  if (text === "") return UNKNOWN_FACTS;
  const row = JSON.parse(text) as Row;
  const [tlsVersion, tlsCipher, tlsFirst, tlsPeerSubject, tlsPeerCertificate] =
    row[TLS_PLACE] || [];
  const [issuerKey = "", accountTag = "", tags = []] = row[TOKEN_PLACE] || [];
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
    token: row[TOKEN_PLACE] ? { issuerKey, accountTag, tags } : undefined,
    proxy: row[PROXY_PLACE],
  };
}
