// What control and the thread of an authentication module tell each other. Both threads; types only.
import type { AuthenticationRequest } from "@weft/auth";

/** What the thread is born with. */
export interface ModuleSeed {
  /** URL of the module. */
  readonly module: string;
}

export type ToModule =
  | {
      readonly kind: "question";
      readonly ticket: number;
      readonly request: AuthenticationRequest;
      readonly timeoutMs: number;
    }
  /** Answered by `alive`, if the thread's loop turns. */
  | { readonly kind: "are-you-there" }
  /** Say good-bye: `close` of the module runs, then the thread ends. */
  | { readonly kind: "close" };

export type FromModule =
  | { readonly kind: "loaded" }
  /** Why the module cannot be used. */
  | { readonly kind: "failed"; readonly error: string }
  | { readonly kind: "answer"; readonly ticket: number; readonly answer: unknown }
  | { readonly kind: "threw"; readonly ticket: number; readonly error: string }
  | { readonly kind: "alive" };
