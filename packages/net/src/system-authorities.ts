// The certificate authorities that count where none are named: those of the system, as with nats-server.
// Node has a list of its own. Any thread. Loads nothing of TLS until it is asked. Must stay true: where
// the system has none, nobody is trusted.

let isUsed = false;

/**
 * For servers that this one asks: PEM of each of those of the system, and of `NODE_EXTRA_CA_CERTS`;
 * perhaps none. The first call of a thread reads their files, and takes tens of milliseconds.
 */
export function systemAuthorities(): string[] {
  const { getCACertificates } = process.getBuiltinModule("node:tls");
  return [...getCACertificates("system"), ...getCACertificates("extra")];
}

/**
 * For clients. Contexts of this thread that name none have those of the system from now on. Named by a
 * context itself, their names would go to every client that is asked for a certificate: a hundred and
 * more. Not for a thread that others run their own code on. Returns how many there are; undefined = this
 * was called before.
 */
export function useSystemAuthorities(): number | undefined {
  if (isUsed) return undefined;
  const { getCACertificates, setDefaultCACertificates } = process.getBuiltinModule("node:tls");
  const authorities = getCACertificates("system");
  setDefaultCACertificates(authorities);
  isUsed = true;
  return authorities.length;
}
