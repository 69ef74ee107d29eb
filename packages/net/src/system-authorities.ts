// The certificate authorities that count where none are named: those of the system, as with nats-server.
// Node has a list of its own. Any thread. Loads nothing of TLS until it is asked.

let isUsed = false;

/** PEM of those of the system, and of `NODE_EXTRA_CA_CERTS`. The first call reads their files. */
export function systemAuthorities(): string {
  const { getCACertificates } = process.getBuiltinModule("node:tls");
  return [...getCACertificates("system"), ...getCACertificates("extra")].join("\n");
}

/**
 * Contexts of this thread that name none have them from now on. Named by a context itself, their names
 * would go to every client that is asked for a certificate: a hundred and more.
 */
export function useSystemAuthorities(): void {
  if (isUsed) return;
  isUsed = true;
  process.getBuiltinModule("node:tls").setDefaultCACertificates([systemAuthorities()]);
}
