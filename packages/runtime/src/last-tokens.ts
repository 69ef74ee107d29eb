// Tokens that finished connections had logged in with, without their signatures (MO-20). Control
// thread. Must stay true: all of them together take a bounded amount of memory; the oldest go first.
import type { FinishedConnection } from "@weft/broker";

const CHARACTERS_MAX = 8 * 1024 * 1024;

type Tokened = Pick<FinishedConnection, "clientId" | "tokenText">;

export class LastTokens {
  readonly #countMax: number;
  readonly #charactersMax: number;
  /** By client id, oldest first. */
  readonly #tokens = new Map<number, string>();
  #characters = 0;

  /** Keeps those of the last `countMax` connections that had one, as far as they fit. */
  constructor(countMax: number, charactersMax = CHARACTERS_MAX) {
    this.#countMax = Math.max(0, countMax);
    this.#charactersMax = charactersMax;
  }

  /** Keeps the token; the record comes back without it. */
  takeFrom<Record extends Tokened>(record: Record): Omit<Record, "tokenText"> {
    const { tokenText: token, ...rest } = record;
    if (token === undefined) return record;
    this.#tokens.set(record.clientId, token);
    this.#characters += token.length;
    for (const [clientId, oldest] of this.#tokens) {
      if (this.#tokens.size <= this.#countMax && this.#characters <= this.#charactersMax) break;
      this.#tokens.delete(clientId);
      this.#characters -= oldest.length;
    }
    return rest;
  }

  of(clientId: number): string | undefined {
    return this.#tokens.get(clientId);
  }
}
