// Bounds of account resolvers, with what happens at each. Any thread; pure.

const DAY_MS = 86_400_000;

/** Defaults and hard bounds; units are in the names. */
export const RESOLVER_LIMITS = {
  /** Longest claim that is taken, from whomever; longer ones are refused. */
  claimBytesMax: 1_000_000,
  /** AC-81. How long somebody waits for an account that is not here. */
  fetchTimeoutMs: 1_900,
  /** AC-82. */
  syncIntervalMs: 60_000,
  /** AC-83. */
  cacheEntries: 1_000,
  /** How often expired files are looked for. */
  expiryCheckMs: 60_000,
  /** Deletions are remembered that long after their issue; half of it is how old one may come. */
  graveLifeMs: 30 * DAY_MS,
  /** Claims issued further in the future are refused: nothing could replace them until then. */
  futureIssueMsMax: DAY_MS,
  /** Remembered deletions, in claims; the one forgotten next makes room. */
  proofsMax: 10_000,
  /** Accounts that one deletion may name; more are refused. */
  deletedAccountsMax: 20_000,
  /** Different JWTs of one account issued in the same second; more are refused. */
  sameSecondMax: 16,
  /** Accounts kept; more are refused with "jwt store is full". */
  accountsMax: 1_000_000,
  /** AC-80. Answers kept by a lookup; the oldest make room. */
  answersKept: 65_536,
  /** How long an answer of a URL is used before it is asked again. */
  foundTtlMs: 60_000,
  /** How long an unknown account stays unknown without asking again. */
  absentTtlMs: 2_000,
  /** How long a source that does not answer is left alone for one account. */
  unavailableTtlMs: 1_000,
  /** How long an old answer still serves while the source does not answer. */
  staleTtlMs: DAY_MS,
  /** Questions under way at the same time; further ones queue. */
  flightsMax: 64,
  /** ... of which for accounts that were never seen. */
  unknownFlightsMax: 48,
  /** Questions that queue; further ones are refused. */
  flightsQueuedMax: 1_024,
  /** Who waits for one account; further ones are refused. */
  waitersMax: 10_000,
} as const;
