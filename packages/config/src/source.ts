// The configuration's window to the outside: files and environment, given by the driver. Control
// thread. Must stay true: nothing else in this package reads anything outside its arguments.
import type { TlsOptions } from "./options.ts";

/** How a driver reports that a file exists but cannot be read. */
export class ConfigSourceError extends Error {
  override readonly name = "ConfigSourceError";
}

/** Port to files and environment. All calls are synchronous: a configuration is read at start. */
export interface ConfigSource {
  /** Text of a file; undefined when there is none. Throws {@link ConfigSourceError} otherwise. */
  readFile(path: string): string | undefined;
  /**
   * Path of an included file, as written in the file `base`. Relative to the folder of `base`; an
   * absolute path is joined to that folder too, as the reference does (CF-12).
   */
  resolve(base: string, path: string): string;
  /**
   * What is wrong with the certificate files of a `tls` block (TL-02); undefined = nothing. Without
   * this port the driver finds out when the server starts.
   */
  checkTlsFiles?: ((tls: TlsOptions) => string | undefined) | undefined;
  /**
   * Text of a file that is no configuration, such as an operator's token; as `readFile`. Without
   * this port there are none.
   */
  readOther?: ((path: string) => string | undefined) | undefined;
  /** Value of an environment variable; undefined when it is not set. */
  environment(name: string): string | undefined;
}

/** A configuration that is only one text, for embedding and tests: no includes. */
export function textSource(
  text: string,
  environment: Readonly<Record<string, string>> = {},
): ConfigSource {
  return {
    readFile: () => text,
    resolve: (_base, path) => {
      throw new ConfigSourceError(`"${path}" can not be included from a text`);
    },
    environment: (name) => (Object.hasOwn(environment, name) ? environment[name] : undefined),
  };
}
