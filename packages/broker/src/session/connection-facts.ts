// What others may know of a session, for the connection board (MO-20). Owned by its worker.
import { issuerKeyOf, peerCertificateLabels } from "@weft/auth";
import { type ConnectionFacts, encodeFacts, type TokenLabels } from "@weft/base";
import type { EventTls } from "@weft/control";
import type { ClientSession } from "./client-session.ts";
import { proxyOf } from "./proxied.ts";

/** `account`: its name, "" before the login. */
export function factsText(session: ClientSession, account: string): string {
  const { facts, transport, tls, connectOptions } = session;
  const known: ConnectionFacts = {
    kind: "Client",
    listener: session.listenerIndex,
    address: transport.remoteAddress,
    port: transport.remotePort,
    account,
    // What was asked for, where the login was refused.
    user: session.user || (connectOptions?.user ?? ""),
    nkey: session.nkey,
    name: facts.name || (connectOptions?.name ?? ""),
    language: facts.language || (connectOptions?.lang ?? ""),
    version: facts.version || (connectOptions?.version ?? ""),
    protocol: facts.protocol,
    tlsVersion: tls?.version ?? "",
    tlsCipher: tls?.cipher ?? "",
    tlsFirst: session.tlsFirst,
    tlsPeerSubject: tls?.peerSubject ?? "",
    tlsPeerCertificate: base64(tls?.peerCertificate),
    token: tokenLabels(session),
    proxy: proxyOf(session),
  };
  return encodeFacts(known);
}

/**
 * AN-57. An account by token has a name beside its key, whoever let the user in: a callout too.
 * Undefined = nothing to tell: an account of the configuration, and a login by something else.
 */
export function tokenLabels({ identity, account, host }: ClientSession): TokenLabels | undefined {
  if (identity === undefined || account < 0) return undefined;
  const { name, nameTag } = host.account(account);
  const { tags = identity.tags } = identity.token ?? {};
  const issuerKey = issuerKeyOf(identity) ?? "";
  if (tags === undefined && nameTag === undefined) return undefined;
  return { issuerKey, tags: tags ?? [], accountTag: nameTag ?? name };
}

/** The token of the login up to its last dot; undefined = the login was by something else. */
export function unsignedToken({ identity }: ClientSession): string | undefined {
  const text = identity?.token?.text ?? "";
  return text === "" ? undefined : text.slice(0, text.lastIndexOf(".") + 1);
}

/** GP-13. Costs a reading of the certificate. */
export function tlsLabels({ tls }: ClientSession): EventTls | undefined {
  if (tls === undefined) return undefined;
  const { version, cipher, peerCertificate, peerSubject } = tls;
  const certificate = peerCertificate && peerCertificateLabels(peerCertificate, peerSubject ?? "");
  return { version: version.replace(/^TLSv/, ""), cipher, certificate };
}

function base64(bytes: Uint8Array | undefined): string {
  if (bytes === undefined) return "";
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64");
}
