// A child process as a stream of lines: the way to outputs that Node cannot reach itself. Control
// thread. What must stay true: the child ends with the stream, and its end is the stream's.
import { spawn } from "node:child_process";
import type { Writable } from "node:stream";

export interface ChildCommand {
  readonly command: string;
  readonly arguments: readonly string[];
  /** It says this on its standard output when it takes lines; undefined = as soon as it runs. */
  readonly ready?: string | undefined;
}

const COMPLAINT_CHARACTERS_MAX = 512;

/** Rejects with what the child complained of when it cannot do its work. */
export function childStream({ command, arguments: words, ready }: ChildCommand): Promise<Writable> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, words, { stdio: ["pipe", "pipe", "pipe"], windowsHide: true });
    const { stdin } = child;
    let complaint = "";
    let said = "";
    stdin.on("error", () => undefined);
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      complaint = (complaint + text).slice(0, COMPLAINT_CHARACTERS_MAX);
    });
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      if (ready === undefined || said.includes(ready)) return;
      said += text;
      if (said.includes(ready)) resolve(stdin);
    });
    child.once("error", (error) => {
      stdin.destroy();
      reject(error);
    });
    child.once("exit", (code, signal) => {
      const why = complaint.trim() || `${command} ended (${code ?? signal})`;
      stdin.destroy(new Error(why));
      reject(new Error(why));
    });
    child.once("spawn", () => {
      if (ready === undefined) resolve(stdin);
    });
    stdin.once("close", () => {
      child.unref();
    });
  });
}
