// Puts the program into a few files after the type check: it starts much sooner than from two
// hundred modules. The client library stays outside and is loaded only by commands that connect.
import { rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";

const here = fileURLToPath(new URL(".", import.meta.url));
const target = `${here}dist/bundle`;

rmSync(target, { recursive: true, force: true });
const bundle = await rolldown({
  input: { main: `${here}dist/main.js` },
  platform: "node",
  external: [/^node:/, /^@nats-io\//],
});
await bundle.write({
  dir: target,
  format: "esm",
  entryFileNames: "[name].js",
  chunkFileNames: "[name]-[hash].js",
  sourcemap: true,
});
await bundle.close();
