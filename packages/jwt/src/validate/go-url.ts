// The part of Go's net/url.Parse that decides whether a URL of a claim is one, with its error texts.
// Any thread; pure. JavaScript's URL accepts other texts, so it cannot stand in.
import { parseAddress } from "../trust/networks.ts";
import { quote } from "./findings.ts";

/** What is asked of a URL. */
export interface GoUrl {
  readonly scheme: string;
  readonly hasUser: boolean;
  /** Without port and brackets. */
  readonly hostname: string;
  readonly path: string;
}

export type GoUrlResult =
  | { readonly ok: true; readonly url: GoUrl }
  | { readonly ok: false; readonly error: string };

class UrlFault extends Error {}

function schemeOf(text: string): { scheme: string; rest: string } {
  const match = /^[a-zA-Z][a-zA-Z0-9+.-]*:/.exec(text);
  if (match !== null) {
    return { scheme: match[0].slice(0, -1).toLowerCase(), rest: text.slice(match[0].length) };
  }
  if (text.startsWith(":")) throw new UrlFault("missing protocol scheme");
  return { scheme: "", rest: text };
}

/** Go's checks of percent signs; in a host only bytes that are not ASCII may be escaped. */
function checkEscapes(text: string, isHost: boolean): void {
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (character === "%") {
      const digits = text.slice(at + 1, at + 3);
      const isEscape = /^[0-9a-fA-F]{2}$/.test(digits);
      if (!isEscape || (isHost && Number.parseInt(digits, 16) < 0x80 && digits !== "25")) {
        throw new UrlFault(`invalid URL escape ${quote(text.slice(at, at + 3))}`);
      }
      at += 2;
    } else if (isHost && /[\0-\x7f]/.test(character) && !HOST_CHARACTER.test(character)) {
      throw new UrlFault(`invalid character ${quote(character)} in host name`);
    }
  }
}

const HOST_CHARACTER = /[a-zA-Z0-9\-_.~!$&'()*+,;=:[\]<>"]/;
const OPTIONAL_PORT = /^(?::[0-9]*)?$/;

function checkPort(port: string): void {
  if (!OPTIONAL_PORT.test(port)) throw new UrlFault(`invalid port ${quote(port)} after host`);
}

/** The name of a host with an optional port. */
function hostnameOf(host: string): string {
  const open = host.lastIndexOf("[");
  if (open > 0) throw new UrlFault("invalid IP-literal");
  if (open === 0) {
    const close = host.lastIndexOf("]");
    if (close < 0) throw new UrlFault("missing ']' in host");
    checkPort(host.slice(close + 1));
    const name = host.slice(1, close);
    checkEscapes(name, true);
    const address = parseAddress(name.split("%25", 1)[0] as string);
    if (address === undefined) {
      throw new UrlFault(`invalid host: ParseAddr(${quote(name)}): unable to parse IP`);
    }
    if (!name.includes(":")) throw new UrlFault("invalid IP-literal");
    return name;
  }
  const colon = host.lastIndexOf(":");
  if (colon !== -1) checkPort(host.slice(colon));
  checkEscapes(host, true);
  return colon === -1 ? host : host.slice(0, colon);
}

const USER_INFO = /^[A-Za-z0-9\-._:~!$&'()*+,;=%@]*$/;

function parse(text: string): GoUrl {
  if (/[\0-\x1f\x7f]/.test(text)) throw new UrlFault("net/url: invalid control character in URL");
  const { scheme, rest: afterScheme } = schemeOf(text);
  let rest = afterScheme.split("?", 1)[0] as string;
  if (!rest.startsWith("/")) {
    if (scheme !== "") return { scheme, hasUser: false, hostname: "", path: "" };
    if ((rest.split("/", 1)[0] as string).includes(":")) {
      throw new UrlFault("first path segment in URL cannot contain colon");
    }
  }
  let hostname = "";
  let hasUser = false;
  if (rest.startsWith("//") && (scheme !== "" || !rest.startsWith("///"))) {
    const slash = rest.indexOf("/", 2);
    const authority = slash === -1 ? rest.slice(2) : rest.slice(2, slash);
    rest = slash === -1 ? "" : rest.slice(slash);
    const at = authority.lastIndexOf("@");
    hostname = hostnameOf(authority.slice(at + 1));
    if (at >= 0) {
      const user = authority.slice(0, at);
      if (!USER_INFO.test(user)) throw new UrlFault("net/url: invalid userinfo");
      checkEscapes(user, false);
      hasUser = true;
    }
  }
  checkEscapes(rest, false);
  return { scheme, hasUser, hostname, path: rest };
}

/** Parses a URL; the error reads as Go's, such as `parse ":": missing protocol scheme`. */
export function parseGoUrl(text: string): GoUrlResult {
  const hash = text.indexOf("#");
  const main = hash === -1 ? text : text.slice(0, hash);
  let shown = main;
  try {
    const url = parse(main);
    shown = text;
    if (hash !== -1) checkEscapes(text.slice(hash + 1), false);
    return { ok: true, url };
  } catch (fault) {
    if (!(fault instanceof UrlFault)) throw fault;
    return { ok: false, error: `parse ${quote(shown)}: ${fault.message}` };
  }
}
