// A real LDAP server (OpenLDAP's slapd), where it is installed. Test thread. Must stay true: no process
// and no file outlives the test run.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { Folder } from "./callout-app.ts";
import { eventually } from "./deadline.ts";
import { freePort } from "./server-under-test.ts";
import { certificates } from "./testdata/certificates.ts";

const SCHEMAS = "/etc/ldap/schema";

export const hasSlapd = existsSync("/usr/sbin/slapd") && existsSync("/usr/sbin/slapadd");

const PEOPLE = [
  ["ruth", "pw-ruth"],
  ["root", "pw-root"],
  ["guest", "pw-guest"],
  ["Shy", "pw-shy"],
  ['o\'neil, "x"', "pw-odd"],
] as const;

function ldif(): string {
  const person = ([name, password]: readonly [string, string]): string => {
    const dn = Buffer.from(
      `uid=${name.replaceAll(/[,"\\]/g, (one) => `\\${one}`)},ou=people,dc=example,dc=org`,
    );
    const uid = Buffer.from(name).toString("base64");
    return `dn:: ${dn.toString("base64")}
objectClass: inetOrgPerson
uid:: ${uid}
cn:: ${uid}
sn:: ${uid}
userPassword: ${password}
`;
  };
  const group = (
    name: string,
    members: readonly string[],
  ): string => `dn: cn=${name},ou=groups,dc=example,dc=org
objectClass: groupOfNames
cn: ${name}
${members.map((member) => `member: uid=${member},ou=people,dc=example,dc=org`).join("\n")}
`;
  return [
    "dn: dc=example,dc=org\nobjectClass: dcObject\nobjectClass: organization\no: example\ndc: example\n",
    "dn: ou=people,dc=example,dc=org\nobjectClass: organizationalUnit\nou: people\n",
    "dn: ou=groups,dc=example,dc=org\nobjectClass: organizationalUnit\nou: groups\n",
    "dn: cn=finder,dc=example,dc=org\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\ncn: finder\nuserPassword: find-pw\n",
    ...PEOPLE.map(person),
    group("staff", ["ruth", "root"]),
    group("admins", ["root"]),
  ].join("\n");
}

export interface DirectoryServer {
  readonly port: number;
  kill(signal: NodeJS.Signals): void;
}

export async function directoryForTest(folder: Folder): Promise<DirectoryServer> {
  const store = join(folder.path, "ldap");
  mkdirSync(store);
  const configuration = folder.write(
    "slapd.conf",
    `${["core", "cosine", "inetorgperson"].map((name) => `include ${SCHEMAS}/${name}.schema`).join("\n")}
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile ${store}/pid
argsfile ${store}/args
TLSCACertificateFile ${certificates.ca}
TLSCertificateFile ${certificates.server}
TLSCertificateKeyFile ${certificates.serverKey}
database mdb
maxsize 16777216
suffix "dc=example,dc=org"
rootdn "cn=manager,dc=example,dc=org"
directory ${store}
access to attrs=userPassword by anonymous auth by * none
access to dn.exact="uid=shy,ou=people,dc=example,dc=org"
  by dn.exact="cn=finder,dc=example,dc=org" read by anonymous auth by * none
access to * by dn.exact="cn=finder,dc=example,dc=org" read by users read by * none
`,
  );
  const entries = folder.write("entries.ldif", ldif());
  const added = spawnSync("/usr/sbin/slapadd", ["-f", configuration, "-l", entries], {
    encoding: "utf8",
  });
  if (added.status !== 0) throw new Error(`slapadd: ${added.stderr}`);
  const port = await freePort();
  const url = `ldap://127.0.0.1:${port}`;
  const child = spawn("/usr/sbin/slapd", ["-f", configuration, "-h", url, "-d", "0"], {
    stdio: "ignore",
  });
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  await eventually(() => (existsSync(join(store, "pid")) ? true : undefined), "slapd to be ready");
  return { port, kill: (signal) => child.kill(signal) };
}
