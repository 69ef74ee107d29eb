// Which user a client certificate names (AN-30 to AN-32). Owned by a worker. Must stay true: only
// names of a verified certificate count (TlsFacts has no others), and the first that is a user wins.
import {
  type CertificateMapper,
  type CertificateNames,
  type ConnectionType,
  certificateNames,
  connectionTypeAllowed,
  nameKey,
  parseDistinguishedName,
  type UserSpec,
  unorderedNameKey,
} from "@weft/auth";
import type { TlsFacts } from "@weft/base";

/**
 * Tries e-mail addresses, DNS names and URIs in this order, then the subject: as a name, then with
 * its parts in any order, then as text. Of several users that one rule finds, the first configured.
 */
export class CertificateUsers implements CertificateMapper {
  readonly #byName = new Map<string, UserSpec>();
  /** Users whose name is a distinguished one, by what it is compared by. */
  readonly #bySubject = new Map<string, UserSpec[]>();
  readonly #byParts = new Map<string, UserSpec[]>();

  constructor(users: readonly UserSpec[]) {
    for (const user of users) {
      if (user.user === "") continue;
      this.#byName.set(user.user, user);
      const name = parseDistinguishedName(user.user);
      if (name === undefined) continue;
      append(this.#bySubject, nameKey(name), user);
      append(this.#byParts, unorderedNameKey(name), user);
    }
  }

  mapCertificate(facts: TlsFacts, connectionType: ConnectionType): string | undefined {
    const names = facts.peerCertificate && certificateNames(facts.peerCertificate);
    if (names === undefined) return undefined;
    const mayConnect = (user: UserSpec): boolean =>
      connectionTypeAllowed(user.allowedConnectionTypes, connectionType);
    return (
      this.#named([...names.emails, ...names.dnsNames, ...names.uris], mayConnect) ??
      this.#withSubject(names, mayConnect) ??
      this.#named(subjectTexts(names), mayConnect)
    );
  }

  #named(names: readonly string[], mayConnect: (user: UserSpec) => boolean): string | undefined {
    for (const name of names) {
      const user = this.#byName.get(name);
      if (user !== undefined && mayConnect(user)) return name;
    }
    return undefined;
  }

  #withSubject(
    { subject }: CertificateNames,
    mayConnect: (user: UserSpec) => boolean,
  ): string | undefined {
    if (subject === undefined) return undefined;
    const user =
      this.#bySubject.get(nameKey(subject))?.find(mayConnect) ??
      this.#byParts.get(unorderedNameKey(subject))?.find(mayConnect);
    return user?.user;
  }
}

/** With domain components behind the rest, then without them. */
function subjectTexts({ subjectText, domainText }: CertificateNames): string[] {
  return domainText === "" ? [subjectText] : [`${subjectText},${domainText}`, subjectText];
}

function append(table: Map<string, UserSpec[]>, key: string, user: UserSpec): void {
  const users = table.get(key);
  if (users === undefined) table.set(key, [user]);
  else users.push(user);
}
