// A directory: who can bind is who he says, and the groups that he is in say what he may do. Must stay
// true: an empty password never binds (a directory takes that for nobody in particular and says yes);
// a name is one value, never a piece of a filter; each login has a connection of its own, so nobody's
// rights are left on it for the next.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { Client, InvalidCredentialsError, NoSuchObjectError, ResultCodeError } from "ldapts";
import { type Backend, type Decision, type Login, PASS, refuse } from "../backend.ts";
import { applyRules } from "../rules.ts";
import { type LdapSettings, readSecret } from "../settings.ts";
import { dnValue, fillPlaces, filterValue } from "./ldap-text.ts";

const GROUPS_MAX = 1_000;
const NAME_LENGTH_MAX = 256;

export class LdapBackend implements Backend {
  readonly name = "ldap";
  readonly #settings: LdapSettings;
  readonly #tls: { readonly ca?: Buffer };
  readonly #searchPassword: string;

  constructor(settings: LdapSettings, folder: string) {
    this.#settings = settings;
    const { ca_file: caFile, search } = settings;
    this.#tls = caFile === undefined ? {} : { ca: readFileSync(resolve(folder, caFile)) };
    this.#searchPassword =
      search === undefined ? "" : readSecret(folder, search.bind_password_file);
  }

  async decide({ user, password }: Login, signal: AbortSignal): Promise<Decision> {
    if (user === "") return PASS;
    if (password === "") return refuse("no password");
    if (user.length > NAME_LENGTH_MAX || /\p{Cc}/u.test(user)) return refuse("name not usable");
    return this.#connected(signal, (client) => this.#login(client, user, password));
  }

  /** Throws when the directory cannot be asked. */
  async check(): Promise<void> {
    await this.#connected(new AbortController().signal, async (client) => {
      const { search } = this.#settings;
      if (search !== undefined) {
        await client.bind(search.bind_dn, this.#searchPassword);
        return;
      }
      // Whatever it says to nobody in particular: it is there.
      await client.bind("", "").catch((error: unknown) => {
        if (!(error instanceof ResultCodeError)) throw error;
      });
    });
  }

  async #login(client: Client, user: string, password: string): Promise<Decision> {
    const dn = await this.#findUser(client, user);
    if (dn === undefined) return PASS;
    try {
      await client.bind(dn, password);
    } catch (error) {
      if (error instanceof InvalidCredentialsError) return refuse("wrong password or user");
      if (error instanceof NoSuchObjectError) return PASS;
      throw error;
    }
    const groups = await this.#groupsOf(client, user, dn);
    return applyRules(this.#settings.rules, { name: user, groups, claims: {} }, Date.now());
  }

  async #findUser(client: Client, user: string): Promise<string | undefined> {
    const { user_dn: template, search } = this.#settings;
    if (template !== undefined) return fillPlaces(template, { user: dnValue(user) });
    if (search === undefined) return undefined;
    await client.bind(search.bind_dn, this.#searchPassword);
    const { searchEntries } = await client.search(search.base, {
      filter: fillPlaces(search.filter, { user: filterValue(user) }),
      scope: "sub",
      attributes: ["1.1"],
      sizeLimit: 2,
    });
    // Two of one name: neither is meant for sure.
    return searchEntries.length === 1 ? searchEntries[0]?.dn : undefined;
  }

  /** As the search user where there is one: users often may not read groups. */
  async #groupsOf(client: Client, user: string, dn: string): Promise<readonly string[]> {
    const { groups, search } = this.#settings;
    if (groups === undefined) return [];
    if (search !== undefined) await client.bind(search.bind_dn, this.#searchPassword);
    const { searchEntries } = await client.search(groups.base, {
      filter: fillPlaces(groups.filter, { user: filterValue(user), dn: filterValue(dn) }),
      scope: "sub",
      attributes: [groups.attribute],
      sizeLimit: GROUPS_MAX,
    });
    return searchEntries.flatMap((entry) => {
      const value = entry[groups.attribute];
      const values = Array.isArray(value) ? value : [value];
      return values.map((one) => (Buffer.isBuffer(one) ? one.toString("utf8") : String(one)));
    });
  }

  async #connected<T>(signal: AbortSignal, run: (client: Client) => Promise<T>): Promise<T> {
    const { url, timeout, start_tls: startTls } = this.#settings;
    const tlsOptions = url.startsWith("ldaps:") ? this.#tls : undefined;
    const client = new Client({
      url,
      timeout,
      connectTimeout: timeout,
      ...(tlsOptions && { tlsOptions }),
    });
    const end = (): void => void client.unbind().catch(() => undefined);
    signal.addEventListener("abort", end, { once: true });
    try {
      if (startTls) await client.startTLS(this.#tls);
      return await run(client);
    } finally {
      signal.removeEventListener("abort", end);
      end();
    }
  }
}
