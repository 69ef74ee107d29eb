// The program. Exit codes: 0 ended as asked, 64 wrong arguments, 69 no server, 70 a fault of its own,
// 78 a configuration that cannot be used; of `--check`: 0 healthy, 2 not, 3 cannot be told.
import { createBackends } from "./backends/create-backends.ts";
import { checkHealth, connectionProblem, serve } from "./connection.ts";
import { exposedFiles } from "./exposed-files.ts";
import { createLog } from "./log.ts";
import { AuthCalloutService } from "./service.ts";
import { loadSettings, SettingsError } from "./settings.ts";
import { Signing } from "./signing.ts";

const USAGE = `usage: weft-auth-callout -c FILE [-t | --check]

  -c FILE   configuration, YAML or JSON
  -t        check the configuration and end
  --check   ask a running instance whether it is healthy
`;
const EXIT = { usage: 64, unavailable: 69, fault: 70, config: 78, unknown: 3 } as const;

type Mode = "serve" | "test" | "check";

function parseArguments(words: readonly string[]): { file: string; mode: Mode } | undefined {
  let file: string | undefined;
  let mode: Mode = "serve";
  for (let at = 0; at < words.length; at += 1) {
    if (words[at] === "-c" || words[at] === "--config") file = words[++at];
    else if (words[at] === "-t") mode = "test";
    else if (words[at] === "--check") mode = "check";
    else return undefined;
  }
  return file === undefined ? undefined : { file, mode };
}

async function main(words: readonly string[]): Promise<number> {
  const given = parseArguments(words);
  if (given === undefined) {
    process.stderr.write(USAGE);
    return words.includes("-h") || words.includes("--help") ? 0 : EXIT.usage;
  }
  const { settings, folder } = loadSettings(given.file);
  if (given.mode === "check") {
    const [code, text] = await checkHealth(settings, folder);
    process.stdout.write(`${text}\n`);
    return code;
  }
  const signing = new Signing(settings, folder);
  const backends = await createBackends(settings, folder);
  const log = createLog(settings.log.format, (line) => process.stderr.write(line));
  for (const { file, mode } of exposedFiles(settings, folder)) {
    log.warn("secret that everybody can read", { file, mode });
  }
  if (given.mode === "test") {
    process.stdout.write(`${given.file} is valid; issuer ${signing.issuer}\n`);
    return 0;
  }
  const service = new AuthCalloutService({ settings, signing, backends, log });
  const connection = await serve(settings, folder, service, backends, log).catch((error: Error) => {
    log.warn("no server", { reason: connectionProblem(error) });
    return undefined;
  });
  if (connection === undefined) return EXIT.unavailable;
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.once(signal, () => void connection.drain());
  }
  process.on("SIGHUP", () => {
    for (const backend of backends) {
      const reloaded = backend.reload?.() ?? Promise.resolve();
      reloaded.then(
        () => log.info("reloaded", { backend: backend.name }),
        (error: Error) =>
          log.warn("not reloaded", { backend: backend.name, reason: error.message }),
      );
    }
  });
  const error = await connection.closed();
  for (const backend of backends) await backend.close?.();
  log.info("ended", { reason: error instanceof Error ? connectionProblem(error) : undefined });
  return error === undefined ? 0 : EXIT.unavailable;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`weft-auth-callout: ${(error as Error).message}\n`);
  const isCheck = process.argv.includes("--check");
  const code = error instanceof SettingsError ? EXIT.config : EXIT.fault;
  process.exitCode = isCheck ? EXIT.unknown : code;
}
