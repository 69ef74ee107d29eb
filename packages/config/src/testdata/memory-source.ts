// A ConfigSource over texts in memory, for tests: paths are joined like those of a file system.
import { type LoadResult, type LoadSettings, loadConfig } from "../load.ts";
import type { ServerOptions } from "../options.ts";
import type { ConfigSource } from "../source.ts";

export function memorySource(
  files: Readonly<Record<string, string>>,
  environment: Readonly<Record<string, string>> = {},
): ConfigSource {
  return {
    readFile: (path) => (Object.hasOwn(files, path) ? files[path] : undefined),
    resolve: joinPath,
    environment: (name) => (Object.hasOwn(environment, name) ? environment[name] : undefined),
  };
}

/** `base`'s folder and `path`, without "." and "..". */
function joinPath(base: string, path: string): string {
  const parts: string[] = base.split("/").slice(0, -1);
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "." && part !== "") parts.push(part);
  }
  return parts.join("/");
}

/** Stands for the hash function: the whole text in hexadecimal, so that tests can look at it. */
export function sha256Hex(text: string): string {
  return Buffer.from(text).toString("hex");
}

/** Loads one text as the file `test.conf`. */
export function loadText(
  text: string,
  environment: Readonly<Record<string, string>> = {},
  settings: Partial<LoadSettings> = {},
): LoadResult {
  const source = memorySource({ "test.conf": text }, environment);
  return loadConfig("test.conf", source, { sha256Hex, ...settings });
}

/** Options of a text that must load. */
export function optionsOf(
  text: string,
  environment: Readonly<Record<string, string>> = {},
): ServerOptions {
  const result = loadText(text, environment);
  if (!result.ok) throw new Error(result.errors.map(({ message }) => message).join("\n"));
  return result.options;
}

/** Messages of a text that must not load. */
export function errorsOf(text: string, settings: Partial<LoadSettings> = {}): string[] {
  const result = loadText(text, {}, settings);
  if (result.ok) throw new Error("expected errors");
  return result.errors.map(({ message }) => message);
}
