// What log lines say of a session: who it is and what it did wrong, in the reference's words (LG-13,
// SB-98). Owned by the session's worker. What must stay true: no secret stands in it, and it is short
// whatever CONNECT said.
import { type LogConnection, type LogLevel, REDACTED } from "@weft/base";
import { type ConnectOptions, type FailureParts, quoteBytes } from "@weft/protocol";
import type { ClientSession } from "./client-session.ts";

/** What the public key of a user looks like. */
const PUBLIC_KEY = /^U[A-Z2-7]{55}$/;

/** Characters of a name, and of a language or version, that a line shows; the rest is cut. */
const NAME_LENGTH_MAX = 256;
const WORD_LENGTH_MAX = 64;

/** A line of the log about this session. */
export function logAbout(session: ClientSession, level: LogLevel, text: string): void {
  session.host.log.write(level, text, connectionOf(session));
}

/**
 * `address:port - cid:n`, and from CONNECT on what the client says of itself and, where somebody
 * logged in, account and user. An account by token is its key, and in the label its name too.
 */
export function connectionOf(session: ClientSession): LogConnection {
  const { clientId, transport } = session;
  const { remoteAddress: address, remotePort: port } = transport;
  const shown = address.includes(":") ? `[${address}]` : address;
  const { name, nameTag } =
    session.account < 0 ? { name: "" } : session.host.account(session.account);
  const account = cut(name, NAME_LENGTH_MAX);
  const place = nameTag === undefined ? account : `${account}/${cut(nameTag, NAME_LENGTH_MAX)}`;
  const user = cut(userLabel(session), NAME_LENGTH_MAX);
  let label = `${shown}:${port} - cid:${clientId}`;
  const client = clientLabel(session);
  if (client !== "") label += ` - ${quoted(client)}`;
  if (account !== "" && user !== "") label += ` - ${quoted(`${place}/${user}`)}`;
  return { clientId, address, port, account, user, label };
}

/** `v1.2.3:go:my name`, without what is missing. */
function clientLabel(session: ClientSession): string {
  const { name, language, version } = session.facts;
  const parts = [
    version === "" ? "" : cut(`v${version}`, WORD_LENGTH_MAX),
    cut(language, WORD_LENGTH_MAX),
    cut(name, NAME_LENGTH_MAX),
  ];
  return parts.filter((part) => part !== "").join(":");
}

/** The mark says what the login was by; whoever a callout service let in has the mark of a name. */
function userLabel({ loginKind, user, connectOptions }: ClientSession): string {
  switch (loginKind) {
    case "nkey":
    case "jwt":
      return `${loginKind}:${user}`;
    case "token":
      return "token";
    case "none":
      return named(connectOptions?.user ?? "");
    // Whom the service gave no name is shown as what the client called itself.
    case "callout":
      if (user === REDACTED) return "token";
      return PUBLIC_KEY.test(user) ? `nkey:${user}` : named(user);
    default:
      return named(user);
  }
}

function named(user: string): string {
  return user === "" ? "" : `user:${user}`;
}

/** Why what a client sent ended its connection. */
export function failureText(
  payloadBytesMax: number,
  ...[failure, input, lineStart, lineEnd, payloadBytes]: FailureParts
): string {
  if (failure === "payload") {
    return `maximum payload exceeded: ${payloadBytes} vs ${payloadBytesMax}`;
  }
  const excerpt = JSON.stringify(input.toString("latin1", lineStart, lineEnd));
  return `parse error (${failure}): ${excerpt}`;
}

/** Whom a refused CONNECT named: `User "joe"`; empty when it named nobody. */
export function refusedUser(options: ConnectOptions | undefined): string {
  if (options === undefined) return "";
  // Anything may stand there, the seed of the key for one.
  if (PUBLIC_KEY.test(options.nkey)) return `Nkey ${quoted(options.nkey)}`;
  if (options.nkey !== "") return 'Nkey "[REDACTED]"';
  if (options.user !== "") return `User ${quoted(options.user)}`;
  const key = userOfToken(options.jwt);
  if (key !== "") return `JWT User ${quoted(key)}`;
  if (options.jwt !== "") return "";
  return options.auth_token === "" ? "" : 'Token "[REDACTED]"';
}

/** The user's key that a token names, unproved as a name would be; empty where it names none. */
function userOfToken(token: string): string {
  const [, claims = ""] = token.split(".", 2);
  try {
    const { sub } = JSON.parse(Buffer.from(claims, "base64url").toString()) as { sub?: unknown };
    return typeof sub === "string" && PUBLIC_KEY.test(sub) ? sub : "";
  } catch {
    return "";
  }
}

function cut(text: string, lengthMax: number): string {
  return text.length <= lengthMax ? text : `${text.slice(0, lengthMax)}...`;
}

function quoted(text: string): string {
  return quoteBytes(Buffer.from(text));
}
