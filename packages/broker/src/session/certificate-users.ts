// Which user a client certificate names (AN-30, AN-31). Owned by a worker. Must stay true: only
// names of a verified certificate count (TlsFacts has no others), and the first that is a user wins.
import type { CertificateMapper, UserSpec } from "@weft/auth";
import type { TlsFacts } from "@weft/base";

/** Names that differ only in blanks behind commas are one distinguished name (AN-32, in part). */
function withoutBlanks(name: string): string {
  return name.replace(/\s*,\s*/g, ",").trim();
}

/**
 * Tries e-mail addresses, DNS names and URIs in this order, then the subject. Addresses of hosts,
 * which the facts list last, name nobody in the reference; a user has to be called like one for
 * them to count.
 */
export class CertificateUsers implements CertificateMapper {
  readonly #names = new Set<string>();
  /** Distinguished name without blanks -> name as configured. */
  readonly #subjects = new Map<string, string>();

  constructor(users: readonly UserSpec[]) {
    for (const { user } of users) {
      if (user === undefined || user === "") continue;
      this.#names.add(user);
      if (user.includes("=")) this.#subjects.set(withoutBlanks(user), user);
    }
  }

  mapCertificate(facts: TlsFacts): string | undefined {
    for (const name of facts.peerAltNames ?? []) if (this.#names.has(name)) return name;
    return this.#subjects.get(withoutBlanks(facts.peerSubject ?? ""));
  }
}
