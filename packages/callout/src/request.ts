// What a server asks its callout service (AN-62, AN-63): one token, signed by the server, sealed where
// the service has a curve key. Control thread; pure. Holds what clients sent to prove who they are:
// nothing here is ever logged.
import { type CalloutQuestion, type CalloutTls, encodePublic } from "@weft/auth";
import type { Entropy } from "@weft/base";
import { encodeClaims, newAuthorizationRequestClaims, type Signer } from "@weft/jwt";
import type { SealedLine } from "./curve.ts";
import { sentinelLabels } from "./sentinel-labels.ts";

const AUDIENCE = "nats-authorization-request";
const KEY_BYTES = 32;
const PEM_LINE = 64;
const EMPTY = newAuthorizationRequestClaims("");

/** Who asks. */
export interface AskingServer {
  readonly name: string;
  readonly host: string;
  readonly id: string;
  readonly version: string;
  readonly cluster: string;
  readonly tags: readonly string[];
}

export interface CalloutRequest {
  /** The key that the answer has to be for; nobody has its other half. */
  readonly userKey: string;
  /** Empty without sealing. */
  readonly header: Buffer;
  readonly payload: Buffer;
}

export interface RequestTools {
  readonly server: AskingServer;
  /** The server's own key (`N...`). */
  readonly signer: Signer;
  /** Public curve key of the server; used with `line` only. */
  readonly curveKey: string;
  /** Undefined = requests go in the clear. */
  readonly line: SealedLine | undefined;
  readonly entropy: Entropy;
}

/** A key for the answer: what is sent for one login is of no use for another. */
function freshUserKey(entropy: Entropy): string {
  const raw = new Uint8Array(KEY_BYTES);
  entropy.fill(raw);
  return encodePublic("user", raw);
}

/**
 * `subject`: issuer of the static configuration, or key of the callout account. Undefined: there is no
 * token that long, by a wide control line full of what is escaped and a chain of certificates.
 */
export function buildRequest(
  question: CalloutQuestion,
  subject: string,
  tools: RequestTools,
  nowSeconds: number,
  timeoutMs: number,
): CalloutRequest | undefined {
  const { signer, server, line, curveKey, entropy } = tools;
  const userKey = freshUserKey(entropy);
  const { connect } = question;
  const encoded = encodeClaims(
    {
      ...EMPTY,
      subject,
      audience: AUDIENCE,
      expiresAtSeconds: nowSeconds + Math.floor(timeoutMs / 1_000),
      nats: {
        ...EMPTY.nats,
        server: { ...server, xkey: line === undefined ? "" : curveKey },
        userNkey: userKey,
        clientInformation: {
          ...EMPTY.nats.clientInformation,
          host: question.host,
          id: question.clientId,
          user: question.rawUser,
          name: connect.name,
          ...sentinelLabels(connect.jwt),
          kind: "Client",
          type: "nats",
          nonce: connect.sig === "" ? "" : question.nonce,
        },
        connectOptions: {
          jwt: connect.jwt,
          nkey: connect.nkey,
          signedNonce: connect.sig,
          token: connect.token,
          user: connect.user,
          password: connect.pass,
          name: connect.name,
          language: connect.lang,
          version: connect.version,
          protocol: connect.protocol,
        },
        clientTls: question.tls === undefined ? undefined : tlsClaim(question.tls),
      },
    },
    signer,
    nowSeconds,
  );
  if (!encoded.ok) return undefined;
  const text = Buffer.from(encoded.token, "latin1");
  if (line === undefined) return { userKey, header: Buffer.alloc(0), payload: text };
  const header = Buffer.from(`NATS/1.0\r\nNats-Server-Xkey: ${curveKey}\r\n\r\n`, "latin1");
  return { userKey, header, payload: line.seal(text, entropy) };
}

function tlsClaim({ version, cipher, chain }: CalloutTls) {
  return {
    version,
    cipher,
    certificates: [],
    verifiedChains: chain.length === 0 ? [] : [chain.map(pem)],
  };
}

function pem(certificate: Uint8Array): string {
  const text = Buffer.from(certificate).toString("base64");
  const lines = text.match(new RegExp(`.{1,${PEM_LINE}}`, "g")) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}
