// Where the answers of Weft and of an old reference (2.9) to the same bytes differ on purpose.
// Must stay true: each has its reason, and each still differs (a test checks both).

export interface WantedDifference {
  /** Name of the script. */
  readonly script: string;
  readonly why: string;
}

/** Scripts whose masked answers differ. */
export const WANTED_DIFFERENCES: readonly WantedDifference[] = [
  {
    script: "subject $NRG is refused",
    why: "CP-62: later levels keep the subjects of replication to the servers",
  },
  {
    script: "subject $GNR is refused",
    why: "CP-62: later levels keep the subjects of gateway replies to the servers",
  },
];

/** Masks of the corpus, and why two good servers differ there. */
export const WANTED_MASKS: Readonly<Record<string, string>> = {
  "no-responders-subject":
    "CP-64: from 2.11 on, the answer to a request that nobody serves names the subject",
};
