// The configuration files of the rows, in the reference's syntax: both servers get the same bytes.
import { execFileSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fiftyEntries, IDENTITY_CONFIGS } from "./identities.ts";
import type { Login } from "./load/job.ts";
import type { ConfigName } from "./row.ts";

export const LOGINS = {
  permitted: { user: "permitted", password: "permitted-password" },
  exporter: { user: "exporter", password: "exporter-password" },
  system: { user: "system", password: "system-password" },
  importer: { user: "importer", password: "importer-password" },
} as const satisfies Record<string, Login>;

function userFields(login: Login): string {
  return `user: ${login.user}, password: ${login.password}`;
}

function allowList(name: string): string {
  return JSON.stringify(fiftyEntries(name));
}

function permissionsText(): string {
  return `accounts {
  APP {
    users = [
      { ${userFields(LOGINS.permitted)}, permissions {
        publish { allow: ${allowList("publish")} }
        subscribe { allow: ${allowList("subscribe")} }
      } }
    ]
  }
}
`;
}

const importsText = `accounts {
  EXPORTER {
    users = [ { ${userFields(LOGINS.exporter)} } ]
    exports = [ { stream: "bench.>" }, { service: "service.>" } ]
  }
  IMPORTER {
    users = [ { ${userFields(LOGINS.importer)} } ]
    imports = [
      { stream: { account: EXPORTER, subject: "bench.>" } }
      { service: { account: EXPORTER, subject: "service.>" } }
    ]
  }
}
`;

/** JSON at the level info; the file goes with the folder. */
function operatedText(folder: string, monitorPort: number): string {
  return `http: "127.0.0.1:${monitorPort}"
log_file: "${join(folder, "operated.log")}"
log_format: json
${unwatchedText}`;
}

const unwatchedText = `accounts {
  SYSTEM { users = [ { ${userFields(LOGINS.system)} } ] }
  APP { users = [ { user: app, password: app } ] }
}
system_account: SYSTEM
no_auth_user: app
`;

export interface ConfigFiles {
  /** Undefined where the server is started by flags alone. */
  readonly path: (name: ConfigName) => string | undefined;
  readonly caFile: string;
  /** Of the configurations `operated` and `monitored`. */
  readonly monitorPort: number;
}

/** Writes all files, and a certificate for 127.0.0.1 from an authority made for this run. */
export function writeConfigFiles(folder: string, monitorPort: number): ConfigFiles {
  const certificates = makeCertificates(folder);
  type Written = Exclude<ConfigName, "none" | keyof typeof IDENTITY_CONFIGS>;
  const texts: Record<Written, string> = {
    tls: `tls {
  cert_file: "${certificates.certFile}"
  key_file: "${certificates.keyFile}"
  timeout: 10
}
`,
    permissions: permissionsText(),
    imports: importsText,
    unwatched: unwatchedText,
    monitored: `http: "127.0.0.1:${monitorPort}"\n`,
    operated: operatedText(folder, monitorPort),
  };
  for (const [name, text] of Object.entries(texts))
    writeFileSync(join(folder, `${name}.conf`), text);
  const path = (name: ConfigName): string | undefined => {
    if (name === "none") return undefined;
    const file = join(folder, `${name}.conf`);
    // Those with thousands of signatures are made for rows that want them.
    if (name in IDENTITY_CONFIGS && !existsSync(file)) {
      writeFileSync(file, IDENTITY_CONFIGS[name as keyof typeof IDENTITY_CONFIGS]());
    }
    return file;
  };
  return { path, caFile: certificates.caFile, monitorPort };
}

interface Certificates {
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
}

function makeCertificates(folder: string): Certificates {
  const file = (name: string): string => join(folder, name);
  const openssl = (...parameters: string[]): void => {
    execFileSync("openssl", parameters, { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
  };
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  const authority = ["-x509", "-days", "2", "-subj", "/CN=benchmark authority"];
  openssl("req", ...curve, ...authority, "-keyout", "ca.key", "-out", "ca.pem");
  openssl("req", ...curve, "-subj", "/CN=localhost", "-keyout", "server.key", "-out", "server.csr");
  writeFileSync(file("names.txt"), "subjectAltName=DNS:localhost,IP:127.0.0.1\n");
  const signer = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "names.txt"];
  openssl("x509", "-req", "-days", "2", "-in", "server.csr", ...signer, "-out", "server.pem");
  return { caFile: file("ca.pem"), certFile: file("server.pem"), keyFile: file("server.key") };
}
