// A module of the operator's own decides about logins (GP-14, SB-04, SB-27): what it is told, what its
// answers do, what its mistakes cost, and how a reload changes it.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect } from "vitest";
import { connectForTest } from "./client-library.ts";
import { eventually } from "./deadline.ts";
import { login, newKey, OperatorWorld, TestAccount, verdictOf } from "./operator-world.ts";
import { type JsonObject, rawForTest } from "./raw-client.ts";
import {
  describeWithWorkers,
  itWeft,
  type ServerUnderTest,
  serverForTest,
  useServer,
} from "./server-under-test.ts";

const REFUSED = "Authorization Violation";
const VIOLATION = /Authorization Violation/i;

const MODULE = `
  const known = { lookup: { account: "A" } };
  const wait = () => new Promise(() => undefined);
  export async function authenticate(request, { signal, isSigned }) {
    const { user, pass, nkey } = request.connect;
    if (nkey !== "") return isSigned() ? { user: nkey, account: "A" } : { refuse: "not signed" };
    if (user === "throws") throw new Error("broken by " + pass);
    if (user === "hangs") return wait();
    if (user === "slow") {
      await new Promise((resolve) => signal.addEventListener("abort", () => setTimeout(resolve, 100)));
      return { account: "A" };
    }
    if (user === "nonsense") return { account: "A", permission: { publish: {} } };
    if (user === "function") return () => undefined;
    if (user === "nowhere") return { account: "NONE" };
    if (user === "exits") process.exit(0);
    if (user === "loops") for (;;);
    if (user === "eats") { const kept = []; for (;;) kept.push(new Array(1e6).fill(user)); }
    if (user === "rejects") { void Promise.reject(new Error("nobody looks")); return wait(); }
    if (user === "floods") {
      const { parentPort } = await import("node:worker_threads");
      for (let at = 0; at < 5000; at += 1) parentPort.postMessage({ kind: "answer", ticket: -at });
      return wait();
    }
    if (user === "prints") { console.log("x".repeat(1e6)); return { account: "A" }; }
    if (user === "static") return "next";
    if (user === "barred") return { refuse: "not now" };
    if (user === "__proto__") return known[user];
    if (user === "tell") {
      const { name } = request.connect;
      return { refuse: JSON.stringify({ ...request, connect: { name } }) };
    }
    if (pass !== "right") return { refuse: "wrong password: " + pass };
    if (user === "short") return { account: "A", expiresAtMs: Date.now() + 400 };
    if (user === "bound") return {
      account: "A",
      permissions: { publish: { allow: ["a.>"] }, subscribe: { allow: ["a.>"] } },
      payloadBytesMax: 3,
    };
    return { account: "A", tags: ["team:red"] };
  }`;

const folder = mkdtempSync(join(tmpdir(), "weft-module-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;

function moduleFile(text: string): { readonly path: string; write(text: string): void } {
  files += 1;
  const path = join(folder, `authentication-${files}.mjs`);
  writeFileSync(path, text);
  return { path, write: (next) => writeFileSync(path, next) };
}

function config(path: string, more = "timeout: 0.8"): string {
  return `
    accounts {
      A { users: [ { user: static, password: pw }, { user: barred, password: pw } ] }
      SYS { users: [ { user: sys, password: sys } ] }
    }
    system_account: SYS
    authentication_module { file: "${path}", auth_users: [ sys ], ${more} }`;
}

async function verdict(server: ServerUnderTest, fields: JsonObject): Promise<string> {
  const client = await rawForTest(server.port);
  client.sendConnect(fields);
  client.send("PING\r\n");
  return verdictOf(client);
}

const as = (user: string, pass = "right"): JsonObject => ({ user, pass });

/** The thread may be starting again. */
function letInAgain(server: ServerUnderTest): Promise<unknown> {
  const tryOnce = async () => ((await verdict(server, as("ann"))) === "PONG" ? true : undefined);
  return eventually(tryOnce, "the module to answer again");
}

describeWithWorkers("an authentication module", (workers) => {
  describe("of one server", () => {
    const shared = useServer({ workers, config: config(moduleFile(MODULE).path) });

    itWeft("GP-14: lets in, places, limits, refuses, leaves to the server", async () => {
      const server = shared();
      const raw = await rawForTest(server.port);
      const info = await raw.info();
      expect(info["auth_required"]).toBe(true);
      // The key of a signature, by the library's own tools.
      const key = newKey("user");
      const sig = Buffer.from(key.sign(Buffer.from(String(info["nonce"])))).toString("base64url");
      raw.sendConnect({ nkey: key.publicKey, sig });
      raw.send("PING\r\n");
      expect(await verdictOf(raw)).toBe("PONG");
      expect(await verdict(server, { nkey: key.publicKey, sig })).toBe(REFUSED);

      const ann = await connectForTest(server, as("ann"));
      const bound = await connectForTest(server, as("bound"));
      const got = new Promise((resolve) => {
        ann.subscribe("a.*", { max: 1, callback: (_error, message) => resolve(message.string()) });
      });
      await ann.flush();
      bound.publish("b.b", "no");
      bound.publish("a.b", "yes");
      expect(await got).toBe("yes");
      expect(bound.info?.max_payload).toBe(3);
      await expect(connectForTest(server, as("ann", "x"))).rejects.toThrow(VIOLATION);
      await server.waitForLog(/User "ann" - authentication module: wrong password: \[REDACTED\]/);
      expect(await verdict(server, {})).toBe(REFUSED);

      // `next`: whatever the server says by itself.
      expect(await verdict(server, as("static", "pw"))).toBe("PONG");
      expect(await verdict(server, as("static", "x"))).toBe(REFUSED);
      // Nor does the name of somebody whom it is not asked about spare anybody else the question.
      const barred = as("barred", "pw");
      expect(await verdict(server, barred)).toBe(REFUSED);
      expect(await verdict(server, { ...barred, nkey: "sys" })).toBe(REFUSED);
      const system = await connectForTest(server, { user: "sys", pass: "sys" });
      const page = await system.request(
        "$SYS.REQ.SERVER.PING.CONNZ",
        JSON.stringify({ auth: true, acc: "A", user: "ann" }),
      );
      expect(JSON.parse(page.string()).data.connections).toMatchObject([
        { account: "A", authorized_user: "ann", name_tag: "A", tags: ["team:red"] },
      ]);
      const short = await connectForTest(server, as("short"));
      await short.closed();
    });

    itWeft("GP-14: is told what the reference's hook is told", async () => {
      const server = shared();
      const raw = await rawForTest(server.port);
      const { nonce, client_id: clientId } = await raw.info();
      const port = raw.socket.localPort;
      raw.sendConnect({ ...as("tell"), name: "me" });
      await raw.waitForClose();
      const told = /authentication module: (\{.*\})/;
      await server.waitForLog(told);
      expect(JSON.parse(told.exec(server.stderr)?.[1] ?? "")).toMatchObject({
        kind: "client",
        connectionType: "STANDARD",
        clientId,
        address: "127.0.0.1",
        port,
        nonce,
        connect: { name: "me" },
      });
    });

    itWeft("GP-14: its mistakes cost one login each, and no secret", async () => {
      const server = shared();
      const good = await connectForTest(server, as("ann"));
      const bad = (user: string): Promise<string> => verdict(server, as(user, "h1dden"));
      const users = ["throws", "__proto__", "nonsense", "function", "nowhere", "hangs", "slow"];
      expect(await Promise.all(users.map(bad))).toEqual(users.map(() => REFUSED));
      expect(await bad("rejects")).toBe(REFUSED);
      await letInAgain(server);
      expect(await verdict(server, as("prints"))).toBe("PONG");
      await good.flush();
      expect(server.stderr).toMatch(/authentication module: it threw: broken by \[REDACTED\]/);
      expect(server.stderr).toMatch(/unknown field "permission"/);
      expect(server.stderr).toMatch(/the account of its answer is not there/);
      expect(server.stderr).toMatch(/no answer within 800ms/);
      expect(server.stderr).not.toContain("h1dden");
    });

    itWeft("GP-14: a thread that ends, blocks or floods is started again", async () => {
      const server = shared();
      const system = await connectForTest(server, { user: "sys", pass: "sys" });
      for (const user of ["exits", "eats", "loops", "floods"]) {
        // Neither who is in nor who is not its business waits for it.
        const answers = Promise.all([
          verdict(server, as(user)),
          verdict(server, as("sys", "sys")),
          system.flush(),
        ]);
        expect([user, ...(await answers)]).toEqual([user, REFUSED, "PONG", undefined]);
        await letInAgain(server);
      }
      const log = server.stderr;
      expect(log).toMatch(/: ended its thread \(0\); it is started again/);
      // Whether its memory or its time is over first depends on the machine.
      expect(log.match(/; it is started again/g)?.length).toBeGreaterThanOrEqual(4);
      expect(log).toMatch(/: does not turn any more; it is started again/);
      expect(log).toMatch(/: says what nobody asked for; it is started again/);
    });

    itWeft("GP-14: logins that nobody answers are soon refused without asking", async () => {
      const server = shared();
      const hangs = () => verdict(server, as("hangs"));
      await Promise.all(Array.from({ length: 12 }, hangs));
      await server.waitForLog(/Authentication module: no answers, nobody asks it for 1s/);
      const isLeftAlone = async (): Promise<true | undefined> => {
        expect(await hangs()).toBe(REFUSED);
        return /module: it has not answered lately/.test(server.stderr) || undefined;
      };
      await eventually(isLeftAlone, "a login that is not asked about");
      expect(await verdict(server, as("sys", "sys"))).toBe("PONG");
      await letInAgain(server);
    });
  });

  itWeft("GP-14, AN-44: places into accounts that come by tokens", async () => {
    const world = new OperatorWorld();
    const account = new TestAccount("A");
    const text = `export const authenticate = ({ connect }) =>
      ({ ann: { account: "${account.id}" }, eve: {} })[connect.user] ?? "next";`;
    const more = `authentication_module { file: "${moduleFile(text).path}" }`;
    const server = await serverForTest({ workers, config: world.memoryConfig([account], more) });
    expect(await verdict(server, as("ann"))).toBe("PONG");
    expect(await verdict(server, as("eve"))).toBe(REFUSED);
    expect(await verdict(server, as("bob"))).toBe(REFUSED);
    const byToken = await login(server, account.user());
    await byToken.flush();
    // Nobody is let in whom the next change of the account would send away.
    const alone = `one_mechanism_per_account: true\n${more}`;
    expect(await server.reload(world.memoryConfig([account], alone))).toMatch(/Reloaded/);
    expect(await verdict(server, as("ann"))).toBe(REFUSED);
  });

  itWeft("GP-14, RL-12: a reload takes over another module, or nothing", async () => {
    const file = moduleFile(MODULE);
    const server = await serverForTest({ workers, config: config(file.path) });
    const stays = await connectForTest(server, as("ann"));
    const system = await connectForTest(server, { user: "sys", pass: "sys" });
    file.write("export const authenticate = ({ connect }) => ({ refuse: 'all of ");
    expect(await server.reload(config(file.path))).toMatch(/Failed .*authentication_module/);
    expect(await verdict(server, as("ann"))).toBe("PONG");
    file.write("export const authenticate = () => ({ refuse: 'nobody' });");
    // Who is asked about meanwhile is asked about again, by the rules of then.
    const meanwhile = verdict(server, as("slow"));
    expect(await server.reload(config(file.path))).toMatch(/Reloaded/);
    expect(await meanwhile).toBe(REFUSED);
    expect(await verdict(server, as("ann"))).toBe(REFUSED);
    // What the module said before holds for as long as it is the same file.
    await stays.flush();
    const other = moduleFile("export const authenticate = () => ({ account: 'A' });");
    await server.reload(config(other.path));
    await stays.closed();
    await system.flush();
    const anybody = await connectForTest(server, as("anybody"));
    await server.reload(config("").replace(/authentication_module.*/, ""));
    await anybody.closed();
    expect(await verdict(server, as("static", "pw"))).toBe("PONG");
    expect(await verdict(server, as("anybody"))).toBe(REFUSED);
  });
});
