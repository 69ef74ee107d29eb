// IP addresses and networks in CIDR form (AN-50). Any thread; pure. An IPv4 address in IPv6 form is
// the IPv4 address.

/** Bits of an address, most significant first: 4 or 16 bytes. */
export type Address = readonly number[];

export interface Network {
  readonly address: Address;
  readonly prefixBits: number;
}

const IPV4_BYTES = 4;
const IPV6_BYTES = 16;
const MAPPED_PREFIX_BITS = 96;

function parseIpv4(text: string): Address | undefined {
  const parts = text.split(".");
  if (parts.length !== IPV4_BYTES) return undefined;
  const bytes: number[] = [];
  for (const part of parts) {
    if (!/^(?:0|[1-9][0-9]{0,2})$/.test(part)) return undefined;
    const byte = Number(part);
    if (byte > 255) return undefined;
    bytes.push(byte);
  }
  return bytes;
}

/** The 16-bit groups of one side of `::`; the last may be an IPv4 address. */
function parseGroups(text: string): number[] | undefined {
  if (text === "") return [];
  const bytes: number[] = [];
  const parts = text.split(":");
  for (const [at, part] of parts.entries()) {
    if (at === parts.length - 1 && part.includes(".")) {
      const tail = parseIpv4(part);
      if (tail === undefined) return undefined;
      bytes.push(...tail);
      continue;
    }
    if (!/^[0-9a-fA-F]{1,4}$/.test(part)) return undefined;
    const group = Number.parseInt(part, 16);
    bytes.push(group >>> 8, group & 0xff);
  }
  return bytes;
}

function parseIpv6(text: string): Address | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const head = parseGroups(halves[0] as string);
  if (head === undefined) return undefined;
  if (halves.length === 1) return head.length === IPV6_BYTES ? head : undefined;
  const tail = parseGroups(halves[1] as string);
  // An IPv4 part stands at the end only, and `::` stands for at least one group.
  if (tail === undefined || (halves[0] as string).includes(".")) return undefined;
  const missing = IPV6_BYTES - head.length - tail.length;
  if (missing < 2) return undefined;
  return [...head, ...new Array<number>(missing).fill(0), ...tail];
}

/** The bytes of an address as written; undefined for anything else, also with a zone. */
export function parseAddress(text: string): Address | undefined {
  return text.includes(":") ? parseIpv6(text) : parseIpv4(text);
}

function unmapped(address: Address): Address {
  if (address.length !== IPV6_BYTES) return address;
  const isMapped =
    address.slice(0, 10).every((byte) => byte === 0) &&
    address[10] === 0xff &&
    address[11] === 0xff;
  return isMapped ? address.slice(12) : address;
}

/** The network of a text such as `10.0.0.0/8`; undefined for anything else. */
export function parseNetwork(text: string): Network | undefined {
  const slash = text.indexOf("/");
  if (slash === -1) return undefined;
  const bits = text.slice(slash + 1);
  const written = parseAddress(text.slice(0, slash));
  if (written === undefined || !/^[0-9]{1,6}$/.test(bits)) return undefined;
  const prefixBits = Number(bits);
  if (prefixBits > written.length * 8) return undefined;
  const address = unmapped(written);
  const isCut = address.length !== written.length;
  if (!isCut) return { address, prefixBits };
  // With fewer bits the network reaches beyond the mapped addresses and is one of IPv6.
  if (prefixBits < MAPPED_PREFIX_BITS) return { address: written, prefixBits };
  return { address, prefixBits: prefixBits - MAPPED_PREFIX_BITS };
}

function contains(network: Network, address: Address): boolean {
  if (network.address.length !== address.length) return false;
  for (let at = 0; at < address.length; at += 1) {
    const bits = Math.min(8, Math.max(0, network.prefixBits - at * 8));
    const mask = (0xff00 >>> bits) & 0xff;
    if (((network.address[at] as number) & mask) !== ((address[at] as number) & mask)) return false;
  }
  return true;
}

/** Texts of an account's token are read once: each login looks through them, and there may be thousands. */
const known = new WeakMap<readonly string[], readonly (Network | undefined)[]>();

function networksOf(texts: readonly string[]): readonly (Network | undefined)[] {
  const before = known.get(texts);
  if (before !== undefined) return before;
  const networks = texts.map(parseNetwork);
  known.set(texts, networks);
  return networks;
}

/**
 * True if a peer at `host` is in one of the networks, whose list does not change; no networks =
 * everybody. A text that is no network ends the search with a refusal, and a peer without an address
 * is in none.
 */
export function sourceAllowed(
  networks: readonly string[] | undefined,
  host: string | undefined,
): boolean {
  if (networks === undefined || networks.length === 0) return true;
  const parsed = host === undefined ? undefined : parseAddress(host);
  if (parsed === undefined) return false;
  const address = unmapped(parsed);
  for (const network of networksOf(networks)) {
    if (network === undefined) return false;
    if (contains(network, address)) return true;
  }
  return false;
}
