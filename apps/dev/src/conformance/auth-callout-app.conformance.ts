// The ready callout service with users in a file, a real identity provider and a real directory, asked
// by a real server. Runs against nats-server too (WEFT_SERVER_COMMAND).
import { readFileSync } from "node:fs";
import bcrypt from "bcryptjs";
import { describe, expect, it } from "vitest";
import {
  appForTest,
  type CalloutApp,
  calloutKeys,
  type Folder,
  folderForTest,
  runApp,
  serverConfig,
  writeSettings,
} from "./callout-app.ts";
import { type ConnectOptions, connectForTest, expectOut } from "./client-library.ts";
import { eventually } from "./deadline.ts";
import { directoryForTest, hasSlapd } from "./directory-server.ts";
import { IdentityProvider } from "./identity-provider.ts";
import { MessageLog } from "./message-log.ts";
import { describeWithWorkers, type ServerUnderTest, useServer } from "./server-under-test.ts";
import { certificates } from "./testdata/certificates.ts";

const keys = calloutKeys();

const RULES = [
  { when: { group: "admins" }, account: "ADMIN" },
  {
    when: { group: "staff" },
    account: "APP",
    publish: { allow: ["to.{name}.>", "news"] },
    subscribe: { allow: ["to.{name}.>", "news", "_INBOX.>"] },
    session: "1h",
  },
];

/** Logs in as staff, and tries what staff may and may not do. */
async function expectStaff(server: ServerUnderTest, options: ConnectOptions): Promise<void> {
  const connection = await connectForTest(server, options);
  const log = new MessageLog(connection, "news");
  await connection.flush();
  connection.publish("news");
  await log.waitForCount(1);
  await expect(connection.request("elsewhere", "", { timeout: 500 })).rejects.toThrow(
    /permissions violation/i,
  );
}

function usersFile(folder: Folder, users: Readonly<Record<string, readonly string[]>>): void {
  const entries = Object.entries(users).map(([user, groups]) => ({
    user,
    password: bcrypt.hashSync(`pw-${user}`, 4),
    groups,
  }));
  folder.write("users.json", JSON.stringify({ users: entries }));
}

const staticBackend = { kind: "static", file: "users.json", rules: RULES };

describeWithWorkers("the callout service", (workers) => {
  const server = useServer({ workers, config: serverConfig(keys) });
  const start = (folder: Folder, backends: readonly object[], limits?: object) =>
    appForTest(server(), folder, { keys, backends, ...(limits && { limits }) });

  describe("with a file of users", () => {
    it("AN-62 to AN-71: lets in by rule, refuses, and reads the file again", async () => {
      const folder = folderForTest();
      usersFile(folder, { ruth: ["staff"], root: ["staff", "admins"], none: [] });
      const app = await start(folder, [staticBackend]);
      await expectStaff(server(), { user: "ruth", pass: "pw-ruth" });
      await connectForTest(server(), { user: "root", pass: "pw-root" });
      await connectForTest(server(), { user: "ops", pass: "pw" });
      await expectOut(server(), { user: "ruth", pass: "pw-root" });
      await expectOut(server(), { user: "none", pass: "pw-none" });
      await expectOut(server(), { user: "nobody", pass: "pw-nobody" });
      usersFile(folder, { late: ["staff"] });
      app.kill("SIGHUP");
      await app.waitFor(/"event":"reloaded"/);
      await connectForTest(server(), { user: "late", pass: "pw-late" });
      await expectOut(server(), { user: "ruth", pass: "pw-ruth" });
      folder.write("users.json", "{ nonsense");
      app.kill("SIGHUP");
      await app.waitFor(/"event":"not reloaded"/);
      await connectForTest(server(), { user: "late", pass: "pw-late" });
      expect(app.output).not.toMatch(/pw-|\$2b\$|eyJ|SA[A-Z2-7]{56}/);
    });

    it("several instances share the work, and one that dies is not missed", async () => {
      const folder = folderForTest();
      usersFile(folder, { ruth: ["staff"] });
      const apps = [await start(folder, [staticBackend]), await start(folder, [staticBackend])];
      const login = () => connectForTest(server(), { user: "ruth", pass: "pw-ruth" });
      for (let count = 0; count < 12; count += 1) await login();
      for (const app of apps) await app.waitFor(/"event":"granted"/);
      const granted = apps.map(({ output }) => output.match(/"granted"/g)?.length ?? 0);
      expect(granted.reduce((sum, one) => sum + one, 0)).toBe(12);
      expect(await apps[0]?.stop()).toBe(0);
      for (let count = 0; count < 4; count += 1) await login();
    });

    it("says that it is healthy, and refuses what is too much", async () => {
      const folder = folderForTest();
      usersFile(folder, { ruth: ["staff"] });
      const app = await start(folder, [staticBackend], { failures_per_minute: 2 });
      expect(runApp("-c", app.file, "--check")).toMatchObject({ code: 0 });
      for (let count = 0; count < 3; count += 1) {
        await expectOut(server(), { user: "ruth", pass: "guess" });
      }
      await app.waitFor(/too many failures of this user from this address/);
      await expectOut(server(), { user: "ruth", pass: "pw-ruth" });
      expect(await app.stop()).toBe(0);
      const silent = "CRITICAL no instance answers on the health subject\n";
      expect(runApp("-c", app.file, "--check")).toMatchObject({ code: 2, text: silent });
    });
  });

  describe("with an identity provider", () => {
    const backend = (provider: IdentityProvider) => ({
      kind: "oidc",
      issuer: provider.issuer,
      audience: "nats",
      insecure_http: true,
      keys_asked_every: "50ms",
      rules: RULES,
    });

    it("SA-18 A35: takes its tokens, and no others; follows a change of keys", async () => {
      const provider = await IdentityProvider.forTest();
      const app = await start(folderForTest(), [backend(provider)]);
      const ruth = await provider.token("ruth");
      await expectStaff(server(), { token: ruth });
      await connectForTest(server(), { user: "me", pass: await provider.token("root") });
      await expectOut(server(), { token: await provider.token("guest") });
      await expectOut(server(), { token: await provider.token("ruth", "elsewhere") });
      await app.waitFor(/token refused: ERR_JWT_CLAIM_VALIDATION_FAILED \(aud\)/);
      await expectOut(server(), { token: `${ruth.slice(0, -6)}AAAAAA` });
      await expectOut(server(), { token: "eyJhbGciOiJub25lIn0.eyJzdWIiOiJydXRoIn0.AAAA" });
      expect(provider.keyRequests).toBeLessThan(3);
      provider.rotate();
      const next = await provider.token("ruth");
      await eventually(
        () => connectForTest(server(), { token: next }).catch(() => undefined),
        "the new key to be known",
      );
      await expectOut(server(), { token: ruth });
      provider.isAway = true;
      await connectForTest(server(), { token: next });
      expect(app.output).not.toContain("eyJ");
    });

    it("A35: a provider that is away refuses, and is asked again later", async () => {
      const provider = await IdentityProvider.forTest();
      const token = await provider.token("ruth");
      provider.isAway = true;
      const app = await start(folderForTest(), [backend(provider)]);
      await expectOut(server(), { token });
      await app.waitFor(/"event":"backend failed","backend":"oidc"/);
      expect(runApp("-c", app.file, "--check").code).toBe(2);
      provider.isAway = false;
      await eventually(
        () => connectForTest(server(), { token }).catch(() => undefined),
        "the provider to be asked again",
      );
    });

    it("an issuer that is not the provider's is told as what it is", async () => {
      const provider = await IdentityProvider.forTest();
      const wrong = { ...backend(provider), issuer: `${provider.issuer}/realms/none` };
      const app = await start(folderForTest(), [wrong]);
      await expectOut(server(), { token: await provider.token("ruth") });
      await app.waitFor(/"event":"backend failed","backend":"oidc","reason":"status 404"/);
    });
  });

  const byName = (port: number) => ({
    kind: "ldap",
    url: `ldap://127.0.0.1:${port}`,
    insecure: true,
    user_dn: "uid={user},ou=people,dc=example,dc=org",
    groups: { base: "ou=groups,dc=example,dc=org" },
    rules: [...RULES, { when: { user: 'o\'neil, "x"' }, account: "APP" }],
  });
  const bySearch = (port: number) => ({
    kind: "ldap",
    url: `ldap://localhost:${port}`,
    start_tls: true,
    ca_file: certificates.ca,
    search: {
      bind_dn: "cn=finder,dc=example,dc=org",
      bind_password_file: "finder.password",
      base: "ou=people,dc=example,dc=org",
    },
    groups: { base: "ou=groups,dc=example,dc=org" },
    rules: RULES,
  });

  const itSlapd = (title: string, run: () => Promise<void>): void => {
    if (hasSlapd) it(title, run);
    else it.skip(`${title} [skipped: slapd is not installed]`, run);
  };

  describe("with a directory", () => {
    const name = "SA-18 A35: binds as the user, and groups say what he may do";
    itSlapd(name, async () => {
      const folder = folderForTest();
      const { port } = await directoryForTest(folder);
      const app = await start(folder, [byName(port)]);
      await expectStaff(server(), { user: "ruth", pass: "pw-ruth" });
      await connectForTest(server(), { user: "root", pass: "pw-root" });
      await connectForTest(server(), { user: 'o\'neil, "x"', pass: "pw-odd" });
      await expectOut(server(), { user: "guest", pass: "pw-guest" });
      await expectOut(server(), { user: "ruth", pass: "wrong" });
      await expectOut(server(), { user: "ruth", pass: "" });
      await expectOut(server(), { user: "*)(uid=*", pass: "pw-ruth" });
      await expectOut(server(), { user: "ruth,ou=people", pass: "pw-ruth" });
      expect(runApp("-c", app.file, "--check").code).toBe(0);
      expect(app.output).not.toContain("pw-");
    });

    itSlapd("SA-18 A35: finds users by a search, over TLS", async () => {
      const folder = folderForTest();
      folder.write("finder.password", "find-pw\n");
      const directory = await directoryForTest(folder);
      const app = await start(folder, [bySearch(directory.port)]);
      await expectStaff(server(), { user: "ruth", pass: "pw-ruth" });
      await expectOut(server(), { user: "r*", pass: "pw-ruth" });
      await expectOut(server(), { user: "*)(uid=*", pass: "pw-ruth" });
      await expectOut(server(), { user: "ruth", pass: "" });
      expect(runApp("-c", app.file, "--check").code).toBe(0);
      directory.kill("SIGKILL");
      await expectOut(server(), { user: "ruth", pass: "pw-ruth" });
      await app.waitFor(/"event":"backend failed"/);
      expect(runApp("-c", app.file, "--check").code).toBe(2);
    });
  });

  describe("with a directory that takes many spellings for one name", () => {
    const rules = [
      { when: { user: "ruth" }, account: "ADMIN" },
      { when: { user: "shy" }, account: "ADMIN" },
      { account: "APP" },
    ];
    const limits = { failures_per_minute: 6 };

    /** Each is let in by the rule of his name, and failures are those of one user. */
    async function expectOneUser(app: CalloutApp, name: string, spellings: readonly string[]) {
      for (const user of spellings) {
        await connectForTest(server(), { user, pass: `pw-${name}` });
      }
      await app.waitFor(new RegExp(`(?:"event":"granted"[^]*){${spellings.length}}`));
      const accounts = [...app.output.matchAll(/"event":"granted".*"account":"(\w+)"/g)];
      expect(accounts.map(([, account]) => account)).toEqual(spellings.map(() => "ADMIN"));
      for (const user of [...spellings, ...spellings]) {
        await expectOut(server(), { user, pass: "guess" });
      }
      await expectOut(server(), { user: name, pass: `pw-${name}` });
      await app.waitFor(/too many failures of this user from this address/);
    }

    for (const [kind, backend] of [
      ["that is found", bySearch],
      ["that stands under its name", byName],
    ] as const) {
      itSlapd(`A35: rules and counts go by the entry ${kind}, not by what was typed`, async () => {
        const folder = folderForTest();
        folder.write("finder.password", "find-pw\n");
        const { port } = await directoryForTest(folder);
        const app = await start(folder, [{ ...backend(port), rules }], limits);
        await expectOneUser(app, "ruth", ["ruth", "Ruth", "RUTH", "ruth "]);
      });
    }

    itSlapd("A35: an entry that its user may not read has one name as well", async () => {
      const folder = folderForTest();
      const { port } = await directoryForTest(folder);
      const app = await start(folder, [{ ...byName(port), rules }], limits);
      await expectOneUser(app, "shy", ["shy", "Shy", "SHY", " shy"]);
    });

    itSlapd("A35: who has no name by the attribute of the rules is not let in", async () => {
      const folder = folderForTest();
      const { port } = await directoryForTest(folder);
      const backend = { ...byName(port), name_attribute: "mail", rules };
      const app = await start(folder, [backend], limits);
      await expectOut(server(), { user: "ruth", pass: "pw-ruth" });
      await app.waitFor(/the directory does not tell the name/);
    });
  });

  describe("with a backend of one's own", () => {
    it("SB-04: a module decides, and what it does not know goes to the next", async () => {
      const folder = folderForTest();
      usersFile(folder, { ruth: ["staff"] });
      folder.write(
        "own.mjs",
        `export const createBackend = ({ word }) => ({
          name: "own",
          decide: async ({ token }) => {
            if (token === "") return { kind: "pass" };
            if (token === "throw") throw new Error("secret-of-the-module");
            if (token === "hang") return new Promise(() => undefined);
            if (token !== word) return { kind: "refuse", reason: "another word" };
            return { kind: "grant", grant: { account: "APP", name: "own" } };
          },
        });`,
      );
      const own = { kind: "module", path: "own.mjs", options: { word: "sesame" } };
      const app = await start(folder, [own, staticBackend], { timeout: "300ms" });
      await connectForTest(server(), { token: "sesame" });
      await connectForTest(server(), { user: "ruth", pass: "pw-ruth" });
      for (const token of ["simsim", "throw", "hang"]) await expectOut(server(), { token });
      await app.waitFor(/no answer in time/);
      expect(app.output).not.toContain("secret-of-the-module");
    });
  });

  it("exit codes and messages of a configuration that is wrong", async () => {
    const folder = folderForTest();
    usersFile(folder, { ruth: ["staff"] });
    const good = writeSettings(server(), folder, { keys, backends: [staticBackend] });
    expect(runApp("-c", good, "-t")).toMatchObject({ code: 0 });
    expect(runApp("--nonsense").code).toBe(64);
    expect(runApp("-c", folder.write("empty.yaml", "")).code).toBe(78);
    const nobody = folder.write(
      "nobody.yaml",
      readFileSync(good, "utf8").replace(/127\.0\.0\.1:\d+/, "127.0.0.1:1"),
    );
    const refusedBy = /connect ECONNREFUSED 127\.0\.0\.1:1/;
    expect(runApp("-c", nobody)).toMatchObject({
      code: 69,
      text: expect.stringMatching(refusedBy),
    });
    expect(runApp("-c", nobody, "--check").text).toMatch(refusedBy);
    const bad = folder.write(
      "bad.yaml",
      "nats: { servers: [a], pasword_file: x }\nsign: { seed_file: s }\nbackends: []\n",
    );
    const { code, text } = runApp("-c", bad);
    expect(code).toBe(78);
    expect(text).toMatch(/bad\.yaml: nats: Unrecognized key/);
    folder.write("issuer.seed", "SUAKGNXWWROCOS6JFCUM2PRCX2AKZHKA7W7452UIOJXLWEJ3UEGYZ6N4SY");
    const wrong = runApp("-c", good);
    expect(wrong.code).toBe(78);
    expect(wrong.text).not.toContain("SUAK");
  });
});
