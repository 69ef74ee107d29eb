// What an authentication hook runs in: this program, or a thread of its own. Control thread; types,
// and the simple case. Must stay true: a question that is asked is answered or fails; who asked gives
// up by itself.
import { type AuthenticationRequest, decodeSignature, SignatureVerifier } from "@weft/auth";
import type { AuthenticationHook, AuthenticationTools } from "./authentication-hook.ts";

export interface AuthenticationRunner {
  /** Rejects with what the hook throws, or because it is gone. */
  ask(request: AuthenticationRequest, timeoutMs: number): Promise<unknown>;
  /** Some question was not answered in time. */
  wasLate(): void;
  close(): Promise<void>;
}

const verifier = new SignatureVerifier();

/** Calls `hook` here and now; used in the program that embeds a server, and in the module's thread. */
export async function callHook(
  hook: AuthenticationHook,
  request: AuthenticationRequest,
  timeoutMs: number,
): Promise<unknown> {
  const tools: AuthenticationTools = {
    signal: AbortSignal.timeout(timeoutMs),
    isSigned: () => isSigned(request),
  };
  return hook(request, tools);
}

function isSigned({ nonce, connect }: AuthenticationRequest): boolean {
  const signature = decodeSignature(connect.sig);
  if (signature === undefined || nonce === "") return false;
  return verifier.verify(connect.nkey, Buffer.from(nonce, "latin1"), signature) === "valid";
}

/** A function of the embedding program. What it blocks, the program itself waits for as well. */
export function runnerOf(hook: AuthenticationHook): AuthenticationRunner {
  return {
    ask: (request, timeoutMs) => callHook(hook, request, timeoutMs),
    wasLate: () => undefined,
    close: () => Promise.resolve(),
  };
}
