// Node's inspector, opened by a SIGUSR1 that came before the program listened for it: a debugger
// that nobody asked for, and a way into the process for every user of the machine. Started by its
// script the program cannot get there; started as `node main.js` it can, for as long as it loads.

/** Flags that ask for one; a port alone does not. */
const ASKED = /--inspect(?!-port|-publish)|--debug-port=/;

/** Closes it, unless a flag of Node asked for one. To be called once the server is up. */
export async function closeUnaskedInspector(): Promise<void> {
  if ([...process.execArgv, process.env["NODE_OPTIONS"] ?? ""].some((word) => ASKED.test(word))) {
    return;
  }
  // Loading it takes as long as half of everything else before the first INFO.
  const inspector = await import("node:inspector");
  if (inspector.url() !== undefined) inspector.close();
}
