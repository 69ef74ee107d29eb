import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { exposedFiles } from "./exposed-files.ts";
import { checkSettings } from "./settings.ts";

const RULES = [{ account: "APP" }];
const SECRETS = [
  "password",
  "auth.nkey",
  "service.creds",
  "client.key",
  "issuer.seed",
  "curve.seed",
  "app.seed",
  "bind.password",
];
const settings = checkSettings(
  {
    nats: {
      servers: ["nats://127.0.0.1:4222"],
      password_file: "password",
      nkey_seed_file: "auth.nkey",
      creds_file: "service.creds",
      tls: { ca_file: "ca.pem", cert_file: "client.pem", key_file: "client.key" },
    },
    sign: {
      seed_file: "issuer.seed",
      xkey_seed_file: "curve.seed",
      accounts: { APP: { seed_file: "app.seed" }, AGAIN: { seed_file: "app.seed" } },
    },
    backends: [
      {
        kind: "ldap",
        url: "ldaps://127.0.0.1",
        search: { bind_dn: "cn=a", bind_password_file: "bind.password", base: "dc=a" },
        rules: RULES,
      },
      { kind: "static", file: "users.yaml", rules: RULES },
    ],
  },
  "callout.yaml",
);

test.skipIf(process.platform === "win32")(
  "GP-12, SB-72: secrets that everybody can read are named, each once, and nothing else is",
  () => {
    const folder = mkdtempSync(join(tmpdir(), "weft-exposed-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    expect(exposedFiles(settings, folder)).toEqual([]);
    for (const file of [...SECRETS, "ca.pem", "client.pem", "users.yaml"]) {
      writeFileSync(join(folder, file), "x");
      chmodSync(join(folder, file), 0o644);
    }
    expect(exposedFiles(settings, folder)).toEqual(SECRETS.map((file) => ({ file, mode: "644" })));
    for (const file of SECRETS) chmodSync(join(folder, file), 0o640);
    expect(exposedFiles(settings, folder)).toEqual([]);
  },
);
