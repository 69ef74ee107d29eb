// A directory: who can bind is who he says, and the groups that he is in say what he may do. Must stay
// true: an empty password never binds (a directory takes that for nobody in particular and says yes);
// a name is one value, never a piece of a filter; rules see the name that the directory has, not the
// spelling that was typed; each login has a connection of its own, so nobody's rights are left on it.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import {
  Client,
  InsufficientAccessError,
  InvalidCredentialsError,
  NoSuchObjectError,
  ResultCodeError,
  type SearchOptions,
} from "ldapts";
import { type Backend, type Decision, type Login, PASS, refuse } from "../backend.ts";
import { foldName, NAME_LENGTH_MAX } from "../names.ts";
import { applyRules } from "../rules.ts";
import { type LdapSettings, readSecret } from "../settings.ts";
import { attributeOf, type FoundEntry, nameOf, valuesOf } from "./ldap-names.ts";
import { dnValue, fillPlaces, filterValue } from "./ldap-text.ts";

const GROUPS_MAX = 1_000;
/** Asks for no attribute (RFC 4511, 4.5.1.8). */
const NO_ATTRIBUTE = "1.1";

export class LdapBackend implements Backend {
  readonly name = "ldap";
  readonly #settings: LdapSettings;
  readonly #tls: { readonly ca?: Buffer };
  readonly #searchPassword: string;
  /** Of the name that rules see; undefined where neither filter nor template tells. */
  readonly #nameAttribute: string | undefined;

  constructor(settings: LdapSettings, folder: string) {
    this.#settings = settings;
    const { ca_file: caFile, search } = settings;
    this.#tls = caFile === undefined ? {} : { ca: readFileSync(resolve(folder, caFile)) };
    this.#searchPassword =
      search === undefined ? "" : readSecret(folder, search.bind_password_file);
    this.#nameAttribute =
      settings.name_attribute ?? attributeOf(search?.filter ?? settings.user_dn ?? "");
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
    const { user_dn: template, rules } = this.#settings;
    const found = template === undefined ? await this.#search(client, user) : undefined;
    const dn = template === undefined ? found?.dn : fillPlaces(template, { user: dnValue(user) });
    if (dn === undefined) return PASS;
    try {
      await client.bind(dn, password);
    } catch (error) {
      if (error instanceof InvalidCredentialsError) return refuse("wrong password or user");
      if (error instanceof NoSuchObjectError) return PASS;
      throw error;
    }
    const name = this.#nameOf(user, found ?? (await this.#ownEntry(client, dn)));
    if (name === undefined) return refuse("the directory does not tell the name");
    const groups = await this.#groupsOf(client, name, found?.dn ?? dn);
    return applyRules(rules, { name, groups, claims: {}, fold: foldName }, Date.now());
  }

  /**
   * What rules call the user. Without an entry to look at, one spelling stands for all that the
   * directory may have taken. Undefined = it was to be found, and is not told.
   */
  #nameOf(user: string, entry: FoundEntry | undefined): string | undefined {
    const attribute = this.#nameAttribute;
    const told = attribute && entry && nameOf(entry, attribute, user);
    if (told !== undefined) return told;
    const mustTell = this.#settings.name_attribute ?? (this.#settings.search && attribute);
    return mustTell === undefined ? foldName(user) : undefined;
  }

  async #search(client: Client, user: string): Promise<FoundEntry | undefined> {
    const { search } = this.#settings;
    if (search === undefined) return undefined;
    await client.bind(search.bind_dn, this.#searchPassword);
    const filter = fillPlaces(search.filter, { user: filterValue(user) });
    const found = await this.#entries(client, search.base, { filter, scope: "sub" });
    // Two of one name: neither is meant for sure.
    return found.length === 1 ? found[0] : undefined;
  }

  /** As the user himself, of whom it is not sure that he may read it. */
  async #ownEntry(client: Client, dn: string): Promise<FoundEntry | undefined> {
    if (this.#nameAttribute === undefined) return undefined;
    try {
      const found = await this.#entries(client, dn, { scope: "base" });
      // Without values the name in it may be nothing but what was asked for.
      return found[0]?.values.length === 0 ? undefined : found[0];
    } catch (error) {
      const isHidden =
        error instanceof NoSuchObjectError || error instanceof InsufficientAccessError;
      if (isHidden) return undefined;
      throw error;
    }
  }

  async #entries(client: Client, base: string, options: SearchOptions): Promise<FoundEntry[]> {
    const attribute = this.#nameAttribute;
    const { searchEntries } = await client.search(base, {
      ...options,
      attributes: [attribute ?? NO_ATTRIBUTE],
      sizeLimit: 2,
    });
    return searchEntries.map((entry) => ({
      dn: entry.dn,
      values: attribute === undefined ? [] : valuesOf(entry, attribute),
    }));
  }

  /** As the search user where there is one: users often may not read groups. */
  async #groupsOf(client: Client, name: string, dn: string): Promise<readonly string[]> {
    const { groups, search } = this.#settings;
    if (groups === undefined) return [];
    if (search !== undefined) await client.bind(search.bind_dn, this.#searchPassword);
    const { searchEntries } = await client.search(groups.base, {
      filter: fillPlaces(groups.filter, { user: filterValue(name), dn: filterValue(dn) }),
      scope: "sub",
      attributes: [groups.attribute],
      sizeLimit: GROUPS_MAX,
    });
    return searchEntries.flatMap((entry) => valuesOf(entry, groups.attribute));
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
