// Puts the program into one file after the type check; libraries stay outside.
import { rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";

const here = fileURLToPath(new URL(".", import.meta.url));
const target = `${here}dist/bundle`;

rmSync(target, { recursive: true, force: true });
const bundle = await rolldown({
  input: { main: `${here}dist/main.js` },
  platform: "node",
  external: [/^node:/, "@nats-io/transport-node", "bcryptjs", "jose", "ldapts", "yaml", "zod"],
});
await bundle.write({ dir: target, format: "esm", entryFileNames: "[name].js", sourcemap: true });
await bundle.close();
