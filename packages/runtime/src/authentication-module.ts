// Entry of the thread that an authentication module runs in (GP-14). Whatever the module does, it does
// it here: it can end, block or fill this thread, and nothing else. Control believes no message of it.
import { parentPort, workerData } from "node:worker_threads";
import { assert, errorText } from "@weft/base";
import type { AuthenticationHook } from "./authentication-hook.ts";
import type { FromModule, ModuleSeed, ToModule } from "./authentication-messages.ts";
import { callHook } from "./authentication-runner.ts";

interface LoadedModule {
  readonly authenticate?: unknown;
  readonly close?: unknown;
}

const port = parentPort;
assert(port !== null, "a thread of its own");

function tell(message: FromModule): void {
  port?.postMessage(message);
}

async function answer(
  hook: AuthenticationHook,
  { ticket, request, timeoutMs }: Extract<ToModule, { kind: "question" }>,
): Promise<void> {
  try {
    tell({ kind: "answer", ticket, answer: await callHook(hook, request, timeoutMs) });
  } catch (error) {
    // What cannot be cloned is thrown by `tell`.
    tell({ kind: "threw", ticket, error: errorText(error) });
  }
}

async function end({ close }: LoadedModule): Promise<void> {
  try {
    if (typeof close === "function") await close();
  } finally {
    port?.close();
  }
}

async function main(): Promise<void> {
  const { module } = workerData as ModuleSeed;
  const loaded = (await import(module)) as LoadedModule;
  const { authenticate } = loaded;
  if (typeof authenticate !== "function") throw new Error("it exports no function authenticate");
  port?.on("message", (message: ToModule) => {
    if (message.kind === "question") void answer(authenticate as AuthenticationHook, message);
    else if (message.kind === "are-you-there") tell({ kind: "alive" });
    else void end(loaded);
  });
  tell({ kind: "loaded" });
}

main().catch((error: unknown) => tell({ kind: "failed", error: errorText(error) }));
