// Puts the program into a few files after the type check: loading two hundred modules takes longer
// than everything else at start. Thread entries keep their names, `spawn.ts` finds them beside it.
import { rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";

const here = fileURLToPath(new URL(".", import.meta.url));
const runtime = fileURLToPath(new URL("../../packages/runtime/dist/", import.meta.url));
const target = `${here}dist/bundle`;

/** What starts the threads, which the program does first, stays apart from all that may come later. */
const START = /runtime\/dist\/(?:spawn|prestart)|base\/dist\/limits/;

async function write(input, codeSplitting) {
  const bundle = await rolldown({
    input,
    platform: "node",
    external: [/^node:/, "pino", "piscina", "bcryptjs", "sodium-native"],
    // Modules of the packages do nothing when they are loaded. Without this the one function that
    // main.ts takes from the runtime brings all of it, before a thread is started.
    treeshake: { moduleSideEffects: [{ test: /packages\/[^/]+\/dist\//, sideEffects: false }] },
  });
  await bundle.write({
    dir: target,
    format: "esm",
    entryFileNames: "[name].js",
    chunkFileNames: "[name]-[hash].js",
    sourcemap: true,
    codeSplitting,
  });
  await bundle.close();
}

rmSync(target, { recursive: true, force: true });
// Each file costs a thread a millisecond or two. The program is not one file only because its parts
// are imported by a module that waits for them: one file would wait for itself.
const groups = [
  { name: "start", test: START, priority: 1 },
  { name: "server", test: /packages/, minShareCount: 2 },
];
await write({ main: `${here}dist/main.js` }, { groups });
for (const name of ["worker-thread", "acceptor-thread", "hash-task", "authentication-module"])
  await write({ [name]: `${runtime}${name}.js` }, false);
