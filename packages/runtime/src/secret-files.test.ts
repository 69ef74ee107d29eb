import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defaultOptions, loadConfig, textSource } from "@weft/config";
import { expect, onTestFinished, test } from "vitest";
import { exposedKeys, KeyFileWarnings } from "./secret-files.ts";

test("GP-12: private keys that everybody can read are told", () => {
  const folder = mkdtempSync(join(tmpdir(), "weft-keys-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = (name: string, mode: number): string => {
    const path = join(folder, name);
    writeFileSync(path, "");
    chmodSync(path, mode);
    return path;
  };
  const [open, group, own] = [file("open", 0o644), file("group", 0o640), file("own", 0o600)];
  const block = textSource(`tls { cert_file: a, key_file: "${own}" }`);
  const loaded = loadConfig("test", block, { sha256Hex: () => "" });
  if (!loaded.ok || loaded.options.tls === undefined) throw new Error("no tls");
  const { tls } = loaded.options;
  const pair = (keyFile: string) => ({ certFile: "", keyFile });
  const options = { ...defaultOptions(), tls: { ...tls, certs: [open, group, "none"].map(pair) } };
  const text = `Private key ${open} can be read by everybody (mode 644)`;
  expect(exposedKeys(options)).toEqual([text]);
  expect(exposedKeys({ ...defaultOptions(), tls })).toEqual([]);
  const lines: unknown[] = [];
  const log = { write: (...line: unknown[]) => void lines.push(line) };
  new KeyFileWarnings(log as never).prepare(options).commit();
  expect(lines).toEqual([["warn", text]]);
});
