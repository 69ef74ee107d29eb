// Takes secrets out of texts that somebody may read: log lines, addresses (GP-10, LG-12). Thread: any.
// What must stay true: rather too much is taken out than too little; work is linear in the text.
// CONNECT has a reader of its own in the protocol package, command lines in the config package.

/** Stands for what nobody shall read. */
export const REDACTED = "[REDACTED]";

/** A JSON Web Token: base64url of `{"`, two more parts. */
const TOKEN = /\beyJ[\w-]{8,}\.[\w-]{2,}(?:\.[\w-]*)?/g;
/** Seed of an nkey: base32, of any kind of key. */
const SEED = /\bS[ACNOPUX][A-Z2-7]{56}\b/g;
/** `scheme://user:password@`, `scheme://token@`. */
const ADDRESS = /\b([a-z][a-z0-9+.-]*:\/\/)([^\s/?#"'<>]*)@/gi;
/** A field of a JSON text that holds a secret, its quotes perhaps escaped. */
const FIELD =
  /(\\?["'])((?:pass|auth_token|sig|proxy_sig|nkey|jwt|seed|token|secret)\w*\1\s*:\s*)(\\?["'])((?:(?!\3)(?:\\.|[^\\]))*)/gi;

/** A text with tokens, seeds and the passwords of addresses taken out. */
export function redactSecrets(text: string): string {
  let out = text;
  if (out.includes("eyJ")) out = out.replace(TOKEN, REDACTED);
  if (out.includes("://")) out = redactAddresses(out);
  return out.replace(SEED, REDACTED);
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
