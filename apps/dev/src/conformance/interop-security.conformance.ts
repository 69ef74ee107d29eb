// The whole story of operators with the tools of others: nsc makes and pushes, nk makes keys, the nats
// tool and the JavaScript client log in. `npm run interop:security` brings the tools where Go is; what is
// not here is skipped, by name. One number of workers: what is tried is what the tools say and read.
import { spawn, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { jwtAuthenticator, type NatsConnection } from "@nats-io/transport-node";
import { signerFromSeed } from "@weft/jwt";
import { describe, expect, it, onTestFinished } from "vitest";
import { CALLOUT_SUBJECT } from "./callout-service.ts";
import { readToken, responseClaims, signToken, userClaims } from "./callout-tokens.ts";
import { connectForTest } from "./client-library.ts";
import { loginBy, NscStore, nsc, toolPath, whyNoNsc } from "./nsc-store.ts";
import { type ServerUnderTest, serverForTest } from "./server-under-test.ts";

const workers = 2;
const nk = toolPath("nk", "WEFT_NK");
const nats = toolPath("nats", "WEFT_NATS");
const missing = (name: string, path: string | undefined): string =>
  path === undefined ? ` [skipped: ${name} is not here; WEFT_${name.toUpperCase()} names it]` : "";
const STORY_MS = 120_000;

interface Stage {
  readonly store: NscStore;
  readonly server: ServerUnderTest;
  readonly url: string;
  push(...accounts: readonly string[]): void;
  login(account: string, user: string): Promise<NatsConnection>;
}

async function stage(): Promise<Stage> {
  const store = new NscStore();
  const server = await serverForTest({ config: store.directoryConfig(), workers });
  const url = `nats://${server.url}`;
  const push = (...accounts: readonly string[]): void => {
    for (const account of accounts) {
      expect(store.run("push", "-a", account, "-u", url)).toContain("jwt updated");
    }
  };
  push("A");
  return {
    store,
    server,
    url,
    push,
    login: (account, user) => loginBy(server, store.creds(account, user)),
  };
}

/** Messages on a subject, as they come. */
async function heard(connection: NatsConnection, subject: string): Promise<string[]> {
  const subjects: string[] = [];
  connection.subscribe(subject, {
    callback: (_error, message) => void subjects.push(message.subject),
  });
  await connection.flush();
  return subjects;
}

/** Tokens by nsc's keys, as a callout service signs them. */
function signerOf(store: NscStore, account: string) {
  const [key = ""] = store.signingKeysOf(account);
  const signer = signerFromSeed(store.seedOf(key));
  if (signer === undefined) throw new Error("a key of nsc is none");
  return { getPublicKey: () => key, sign: (bytes: Uint8Array) => signer.sign(bytes) };
}

describe.skipIf(nsc === undefined)(`the story of nsc${whyNoNsc}`, { timeout: STORY_MS }, () => {
  it("AN-52, AN-53: a scoped key and its users", async () => {
    const { store, push, login } = await stage();
    const rights = ["--allow-pub", "app.{{name()}}.>", "--allow-sub", "_INBOX.>"];
    store.run("edit", "signing-key", "-a", "A", "--sk", "generate", "--role", "app", ...rights);
    store.run("add", "user", "-a", "A", "-n", "ann", "-K", "app");
    push("A");
    const reader = await login("A", "u");
    const subjects = await heard(reader, "app.>");
    const ann = await login("A", "ann");
    for (const subject of ["app.bob.x", "app.ann.x"]) ann.publish(subject);
    await ann.flush();
    await expect.poll(() => subjects).toEqual(["app.ann.x"]);
  });

  it("AC-86 to AC-90: push, pull, delete", async () => {
    const { store, url, push, login } = await stage();
    store.addAccount("B");
    store.run("add", "user", "-a", "B", "-n", "bob");
    push("B");
    const bob = await login("B", "bob");
    store.run("edit", "operator", "--account-jwt-server-url", url);
    expect(store.run("pull", "-A")).toMatch(/pulled .*B|stored/i);
    expect(store.run("validate", "-A")).not.toMatch(/error/i);
    store.run("delete", "account", "-n", "B", "-F");
    expect(store.run("push", "--prune", "-u", url)).toMatch(/pruned|deleted 1 accounts/);
    expect(String(await bob.closed())).toMatch(/expired|authorization/i);
  });

  it("AN-49, AN-59: revoked users, and keys that are exchanged", async () => {
    const { store, push, login } = await stage();
    const u = await login("A", "u");
    store.run("revocations", "add-user", "-a", "A", "-n", "u");
    push("A");
    expect(String(await u.closed())).toMatch(/revoked/i);
    const [old = ""] = store.signingKeysOf("A");
    store.run("add", "user", "-a", "A", "-n", "v", "-K", old);
    const v = await login("A", "v");
    store.run("edit", "account", "-n", "A", "--sk", "generate", "--rm-sk", old);
    push("A");
    await v.closed();
    await expect(login("A", "v")).rejects.toThrow(/authorization/i);
    const [fresh = ""] = store.signingKeysOf("A");
    store.run("add", "user", "-a", "A", "-n", "w", "-K", fresh);
    await login("A", "w");
  });

  it("AN-47: a user that expires", async () => {
    const { store, push, login } = await stage();
    store.run("add", "user", "-a", "A", "-n", "brief", "--expiry", "1m");
    push("A");
    const brief = await login("A", "brief");
    const info = JSON.parse((await brief.request("$SYS.REQ.USER.INFO")).string());
    expect(info.data.expires / 1e9).toBeGreaterThan(0);
    expect(info.data.expires / 1e9).toBeLessThanOrEqual(60);
  });

  it("AC-50, AC-52: an export that needs a token, and its import", async () => {
    const { store, push, login } = await stage();
    store.addAccount("B");
    store.run("add", "user", "-a", "B", "-n", "bob");
    store.run("add", "export", "-a", "A", "-n", "news", "-s", "news.>", "--private");
    const file = join(store.folder, "activation.jwt");
    const target = ["--target-account", store.idOf("B"), "-s", "news.>", "-o", file];
    store.run("generate", "activation", "-a", "A", ...target);
    push("A", "B");
    const bob = await login("B", "bob");
    const subjects = await heard(bob, "news.>");
    const u = await login("A", "u");
    u.publish("news.early");
    await u.flush();
    store.run("add", "import", "-a", "B", "--token", file);
    push("B");
    u.publish("news.late");
    await u.flush();
    await expect.poll(() => subjects).toEqual(["news.late"]);
  });

  it("AN-65, AN-70: callout by an account of nsc", async () => {
    const { store, server, push, login } = await stage();
    store.addAccount("AUTH");
    store.run("add", "user", "-a", "AUTH", "-n", "service");
    const sentinelRights = ["--bearer", "--deny-pubsub", ">"];
    store.run("add", "user", "-a", "AUTH", "-n", "sentinel", ...sentinelRights);
    const service = ["--auth-user", store.userIdOf("AUTH", "service")];
    store.run(
      "edit",
      "authcallout",
      "-a",
      "AUTH",
      ...service,
      "--allowed-account",
      store.idOf("A"),
    );
    push("AUTH");
    const serving = await login("AUTH", "service");
    const [auth, app] = [signerOf(store, "AUTH"), signerOf(store, "A")];
    serving.subscribe(CALLOUT_SUBJECT, {
      callback: (_error, message) => {
        const { nats: asked } = readToken(message.string());
        const placed = userClaims(asked.user_nkey, "", {
          nats: { issuer_account: store.idOf("A") },
        });
        const body = { jwt: signToken(placed, app), issuer_account: store.idOf("AUTH") };
        const server = asked.server_id["id"] ?? "";
        message.respond(
          Buffer.from(signToken(responseClaims(asked.user_nkey, server, body), auth)),
        );
      },
    });
    await serving.flush();
    const text = Buffer.from(store.creds("AUTH", "sentinel")).toString();
    const token = /USER JWT-+\r?\n([\w.-]+)/.exec(text)?.[1] ?? "";
    const authenticator = jwtAuthenticator(token);
    const guest = await connectForTest(server, { authenticator });
    const info = JSON.parse((await guest.request("$SYS.REQ.USER.INFO")).string());
    expect(info.data.account).toBe(store.idOf("A"));
  });
});

describe.skipIf(nk === undefined)(`keys of nk${missing("nk", nk)}`, () => {
  it("AN-08, SA-36: a user's key logs in, and nk and the product read each other's signatures", async () => {
    const { stdout } = spawnSync(nk as string, ["-gen", "user", "-pubout"], { encoding: "utf8" });
    const [seed = "", publicKey = ""] = stdout.trim().split("\n");
    const config = `authorization { users: [ { nkey: ${publicKey} } ] }`;
    const server = await serverForTest({ config, workers });
    const { nkeyAuthenticator } = await import("@nats-io/transport-node");
    const authenticator = nkeyAuthenticator(new TextEncoder().encode(seed));
    await (await connectForTest(server, { authenticator })).flush();
    const [key, file, signature] = ["seed.nk", "text", "text.sig"].map((name) =>
      join(server.folder, name),
    ) as [string, string, string];
    writeFileSync(key, seed);
    writeFileSync(file, "what is signed");
    const signed = signerFromSeed(seed)?.sign(Buffer.from("what is signed")) ?? new Uint8Array();
    writeFileSync(signature, Buffer.from(signed).toString("base64url"));
    const words = ["-verify", file, "-sigfile", signature, "-inkey", key];
    const { stdout: said, stderr } = spawnSync(nk as string, words, { encoding: "utf8" });
    expect(said + stderr).toContain("Verified OK");
  });
});

const both = nsc === undefined ? undefined : nats;
describe.skipIf(both === undefined)(
  `the nats tool${missing("nats", nats)}${whyNoNsc}`,
  { timeout: STORY_MS },
  () => {
    it("SA-37: publishes, asks and checks with creds of nsc", async () => {
      const { store, server, url } = await stage();
      const creds = ["--server", url, "--creds", store.credsPath("A", "u")];
      const run = (...words: readonly string[]): string => {
        const { stdout, stderr } = spawnSync(nats as string, [...creds, ...words], {
          encoding: "utf8",
          timeout: 20_000,
        });
        return stdout + stderr;
      };
      expect(run("server", "check", "connection")).toMatch(/^OK/m);
      const replier = spawn(nats as string, [...creds, "reply", "q", "yes"], { stdio: "ignore" });
      onTestFinished(() => void replier.kill("SIGKILL"));
      const asked = () => run("request", "q", "?", "--timeout", "1s");
      await expect.poll(asked, { timeout: 15_000 }).toContain("yes");
      expect(run("pub", "x", "y")).toContain("Published");
      expect(server.stderr).not.toMatch(/panic|uncaught/i);
    });
  },
);
