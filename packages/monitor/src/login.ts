// Login on the monitoring port: what a request shows against what the configuration wants. Thread:
// control; no state. Must stay true: every wrong answer takes as long as a right one would, and a
// user that does not exist as long as one that does (attack 29).
import { dummyBcrypt, isBcrypt, secretsEqual } from "@weft/auth";
import type { MonitorLogin } from "@weft/config";

export type LoginVerdict =
  | { readonly kind: "granted" }
  /** Nothing was shown: ask for it. */
  | { readonly kind: "asked" }
  | { readonly kind: "denied" }
  /** The password has to be compared with a bcrypt hash; `known` false = deny whatever comes out. */
  | {
      readonly kind: "compare";
      readonly user: string;
      readonly stored: string;
      readonly given: string;
      readonly known: boolean;
    };

export interface ShownCredentials {
  /** The header `Authorization`. */
  readonly authorization?: string | undefined;
  /** The connection has a client certificate that was verified. */
  readonly certificate: boolean;
}

export function judgeLogin(login: MonitorLogin, shown: ShownCredentials): LoginVerdict {
  if (login.clientCertificate && shown.certificate) return { kind: "granted" };
  const [, scheme, value] = /^(\w+) +(.*)$/.exec(shown.authorization ?? "") ?? [];
  switch (scheme?.toLowerCase()) {
    case "basic":
      return judgeBasic(login, value ?? "");
    case "bearer":
      return verdict(isToken(login, value?.trim() ?? ""));
    default:
      return { kind: shown.authorization === undefined ? "asked" : "denied" };
  }
}

function verdict(isGood: boolean): LoginVerdict {
  return { kind: isGood ? "granted" : "denied" };
}

/** Looks at all tokens, so that the time does not tell which one is near. */
function isToken({ tokens }: MonitorLogin, given: string): boolean {
  let found = false;
  for (const token of tokens) found = secretsEqual(token, given) || found;
  return found;
}

function judgeBasic({ users }: MonitorLogin, encoded: string): LoginVerdict {
  const text = Buffer.from(encoded, "base64").toString("utf8");
  const colon = text.indexOf(":");
  const user = text.slice(0, Math.max(0, colon));
  const given = text.slice(colon + 1);
  let password: string | undefined;
  for (const candidate of users) {
    if (secretsEqual(candidate.user, user)) password = candidate.password;
  }
  const hash = users.find((candidate) => isBcrypt(candidate.password))?.password;
  if (password !== undefined && isBcrypt(password)) {
    return { kind: "compare", user, stored: password, given, known: true };
  }
  const isGood = secretsEqual(password ?? "", given) && password !== undefined;
  if (isGood || hash === undefined) return verdict(isGood);
  // As slow as a wrong password of a user with a hash.
  return { kind: "compare", user, stored: dummyBcrypt(hash), given, known: false };
}
