// Takes secrets out of texts that somebody may read: log lines, addresses (GP-10, LG-12). Thread: any.
// What must stay true: rather too much is taken out than too little; work is linear in the text.
// CONNECT has a reader of its own in the protocol package, command lines in the config package.

/** Stands for what nobody shall read. */
export const REDACTED = "[REDACTED]";

/** What a token consists of, and what looks like it. Taken as a whole: each character is looked at once. */
const TOKEN_RUN = /[\w-]+(?:\.[\w-]*)*/g;
/** How a JSON Web Token begins: base64url of `{"`. */
const TOKEN_HEAD = "eyJ";
const TOKEN_HEAD_MORE = 8;
const TOKEN_BODY_MIN = 2;
/** Seed of an nkey: base32, of any kind of key. */
const SEED = /\bS[ACNOPUX][A-Z2-7]{56}\b/g;
/** `scheme://user:password@`, `scheme://token@`, from the last character of the scheme on. */
const ADDRESS = /([a-z0-9+.-]:\/\/)([^\s/?#"'<>]*)@/gi;
/** A field of a JSON text that holds a secret, its quotes perhaps escaped. */
const FIELD =
  /(\\?["'])((?:pass|auth_token|sig|proxy_sig|nkey|jwt|seed|token|secret)\w*\1\s*:\s*)(\\?["'])((?:(?!\3)(?:\\.|[^\\]))*)/gi;

/** A text with tokens, seeds and the passwords of addresses taken out. */
export function redactSecrets(text: string): string {
  let out = text;
  if (out.includes(TOKEN_HEAD)) out = out.replace(TOKEN_RUN, redactTokens);
  if (out.includes("://")) out = redactAddresses(out);
  return out.replace(SEED, REDACTED);
}

/** A run of parts with dots between them: a token is a part that begins one, and the next two. */
function redactTokens(run: string): string {
  if (!run.includes(TOKEN_HEAD)) return run;
  const parts = run.split(".");
  const out: string[] = [];
  for (let at = 0; at < parts.length; at += 1) {
    const part = parts[at] as string;
    const head = tokenHeadIn(part);
    const bodyLength = parts[at + 1]?.length ?? 0;
    if (head < 0 || bodyLength < TOKEN_BODY_MIN) out.push(part);
    else {
      out.push(part.slice(0, head) + REDACTED);
      at += 2;
    }
  }
  return out.join(".");
}

/** Where a token may begin in a part: at its start or behind a `-`, with enough behind it; or -1. */
function tokenHeadIn(part: string): number {
  const last = part.length - TOKEN_HEAD.length - TOKEN_HEAD_MORE;
  for (let at = part.indexOf(TOKEN_HEAD); at >= 0; at = part.indexOf(TOKEN_HEAD, at + 1)) {
    if (at > last) return -1;
    if (at === 0 || part[at - 1] === "-") return at;
  }
  return -1;
}

/** The same, and the secrets of what looks like a CONNECT or a configuration in JSON. */
export function redactText(text: string): string {
  const out = redactSecrets(text);
  if (!out.includes(":")) return out;
  return out.replace(FIELD, (_all, quote: string, name: string, open: string) => {
    return `${quote}${name}${open}${REDACTED}`;
  });
}

/** Addresses in a text: the password is taken out, or the user where there is no password. */
export function redactAddresses(text: string): string {
  return text.replace(ADDRESS, (_all, scheme: string, login: string) => {
    const colon = login.indexOf(":");
    return `${scheme}${colon < 0 ? REDACTED : `${login.slice(0, colon)}:${REDACTED}`}@`;
  });
}
