// Stored passwords and tokens: which are bcrypt hashes, and how plain ones are compared. Any
// thread; pure. Comparing must take the same time whatever was given (attack 29).
//
// Bcrypt: this package never hashes; it asks for it with a `hash` pending. Both sides follow Go's
// `bcrypt.CompareHashAndPassword`: the given password counts as the bytes of its UTF-8 text, NUL
// bytes included, and only the first 72 bytes count: longer passwords are cut, not refused. (Making
// a hash from more than 72 bytes is refused there, so no such hash comes from its tools.) Bytes
// that are not UTF-8 were replaced by U+FFFD when CONNECT was read, so they match only themselves.
import { hash, timingSafeEqual } from "node:crypto";

const BCRYPT = /^\$2([abxy])\$(\d{2})\$/;

/** Salt and digest of no password in particular: 22 and 31 characters. */
const DUMMY_SALT_AND_DIGEST = "Zq3jWJ2n8CrJ0mTkPpXl.ea7Xn1QhB0yq8HcVnXyD3p3mWb7sXk9W";

/** AN-05. True if a stored password or token is a bcrypt hash. */
export function isBcrypt(stored: string): boolean {
  return BCRYPT.test(stored);
}

/** The hash in a spelling that every implementation knows: `$2x$` is computed like `$2a$`. */
export function normaliseBcrypt(stored: string): string {
  return stored.startsWith("$2x$") ? `$2a$${stored.slice(4)}` : stored;
}

/** A hash as costly as `stored` that no password fits. */
export function dummyBcrypt(stored: string): string {
  const cost = BCRYPT.exec(stored)?.[2] ?? "11";
  return `$2a$${cost}$${DUMMY_SALT_AND_DIGEST}`;
}

/** Compares two secrets in a time that tells nothing about either. */
export function secretsEqual(left: string, right: string): boolean {
  const digest = (text: string) => hash("sha256", text, "buffer");
  return timingSafeEqual(digest(left), digest(right));
}
