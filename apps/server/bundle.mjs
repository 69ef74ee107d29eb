// Puts the program into a few files after the type check: loading two hundred modules takes longer
// than everything else at start. Thread entries keep their names, `spawn.ts` finds them beside it.
import { rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";

const here = fileURLToPath(new URL(".", import.meta.url));
const runtime = fileURLToPath(new URL("../../packages/runtime/dist/", import.meta.url));
const target = `${here}dist/bundle`;

rmSync(target, { recursive: true, force: true });
const bundle = await rolldown({
  input: {
    main: `${here}dist/main.js`,
    "worker-thread": `${runtime}worker-thread.js`,
    "acceptor-thread": `${runtime}acceptor-thread.js`,
    "hash-task": `${runtime}hash-task.js`,
    "authentication-module": `${runtime}authentication-module.js`,
  },
  platform: "node",
  external: [/^node:/, "pino", "piscina", "bcryptjs", "sodium-native"],
});
await bundle.write({
  dir: target,
  format: "esm",
  entryFileNames: "[name].js",
  chunkFileNames: "[name]-[hash].js",
  sourcemap: true,
});
await bundle.close();
