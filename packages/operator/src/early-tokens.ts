// Tokens for accounts in use that were brought before they are good (AC-87). Control thread; pure. Must
// stay true: one for each account, the last that came.

interface EarlyToken {
  readonly text: string;
  /** Unix milliseconds. */
  readonly fromMs: number;
}

export class EarlyTokens {
  readonly #tokens = new Map<string, EarlyToken>();

  put(key: string, text: string, fromMs: number): void {
    this.#tokens.set(key, { text, fromMs });
  }

  delete(key: string): void {
    this.#tokens.delete(key);
  }

  /** Those that are good by now, by account; they wait no longer. */
  take(nowMs: number): [string, string][] {
    const due: [string, string][] = [];
    for (const [key, { text, fromMs }] of this.#tokens) {
      if (fromMs > nowMs) continue;
      this.#tokens.delete(key);
      due.push([key, text]);
    }
    return due;
  }
}
