// Auth callout in the static configuration (AN-60 to AN-75): a service that others could have written
// decides who gets in; static users stay what they are.
import { createCurve, createServer, createUser } from "@nats-io/nkeys";
import { describe, expect, it } from "vitest";
import { CALLOUT_SUBJECT, type Decide, startCallout } from "./callout-service.ts";
import { newIssuer, signToken, userClaims } from "./callout-tokens.ts";
import { type ConnectOptions, connectForTest, expectOut } from "./client-library.ts";
import { eventually, within } from "./deadline.ts";
import { MessageLog } from "./message-log.ts";
import { rawForTest } from "./raw-client.ts";
import {
  describeWithWorkers,
  isOtherServer,
  itWeft,
  type ServerUnderTest,
  useServer,
} from "./server-under-test.ts";

const issuer = newIssuer();
const curve = createCurve();
const service: ConnectOptions = { user: "auth", pass: "auth-pw" };

function config(more = "", accounts = ""): string {
  return `
    accounts {
      AUTH: { users: [ { user: auth, password: auth-pw }, { user: beside, password: pw } ] }
      APP: { users: [ { user: fixed, password: pw } ] }
      OPS: { users: [
        { user: ops, password: pw }
        { user: hashed, password: "$2b$04$bZtcaqCB9EJqMNBk/RtvHuyRvZ.WJ9Qp/8basPX4gzPgFQpy8nkXC" }
      ] }
      SYS: { users: [ { user: sys, password: pw } ] }
      ${accounts}
    }
    system_account: SYS
    authorization {
      timeout: 1
      auth_callout {
        issuer: ${issuer.getPublicKey()}
        account: AUTH
        auth_users: [ auth ]
        ${more}
      }
    }`;
}

const decideByName: Decide = ({ nats }, answers) => {
  const { user, pass } = nats.connect_opts;
  if (user === "silent") return undefined;
  if (pass !== "right") return answers.error("wrong password");
  return answers.user("APP", { name: `app-${String(user)}` });
};

/** The reference says it elsewhere and in other words. */
async function logged(server: ServerUnderTest, pattern: RegExp): Promise<void> {
  if (!isOtherServer) await server.waitForLog(pattern);
}

const placeBeside: Decide = (_claims, answers) => answers.user("AUTH");

describeWithWorkers("auth callout", (workers) => {
  describe("in the clear", () => {
    const server = useServer({ workers, config: config("allowed_accounts: [ APP ]") });
    const start = (decide: Decide) => startCallout(server(), { login: service, issuer, decide });

    it("SY-38 AN-62 AN-65: the service lets in and refuses, and places into an account", async () => {
      const { requests } = await start(decideByName);
      const clients = await Promise.all(
        ["a", "b", "c", "d"].map((user) => connectForTest(server(), { user, pass: "right" })),
      );
      const [first, second] = clients;
      if (first === undefined || second === undefined) throw new Error("no clients");
      const log = new MessageLog(first, "news");
      await first.flush();
      second.publish("news", "hello");
      await log.waitForCount(1);
      await expectOut(server(), { user: "a", pass: "wrong" });
      await expectOut(server(), {});
      expect(requests).toHaveLength(6);
      await logged(server(), /User "a" - Auth callout service returned an error: wrong password/);
    });

    it("AN-63: says who asks and everything that the client sent", async () => {
      const { requests } = await start((_claims, answers) => answers.user("APP"));
      const raw = await rawForTest(server().port);
      const info = await raw.info();
      const sent = { user: "u", pass: "p", auth_token: "t", nkey: "n", sig: "s" };
      // Tokens of users mean nothing in a static configuration (AN-73).
      await raw.login({
        ...sent,
        jwt: "j",
        name: "me",
        lang: "test",
        version: "1.2.3",
        protocol: 1,
      });
      const [claims] = requests;
      expect(claims).toMatchObject({
        aud: "nats-authorization-request",
        sub: issuer.getPublicKey(),
        iss: info["server_id"],
        nats: {
          type: "authorization_request",
          version: 2,
          server_id: { id: info["server_id"], name: info["server_name"], version: info["version"] },
          client_info: {
            host: "127.0.0.1",
            id: info["client_id"],
            user: "n",
            name: "me",
            kind: "Client",
            type: "nats",
            // No nkey user is configured, so there is no nonce that could have been signed.
          },
          connect_opts: { ...sent, name: "me", lang: "test", version: "1.2.3", protocol: 1 },
        },
      });
      expect(claims?.nats.connect_opts).not.toHaveProperty("jwt");
      expect(claims?.nats.user_nkey).toMatch(/^U[A-Z2-7]{55}$/);
      const other = await rawForTest(server().port);
      await other.login({ user: "u" });
      expect(requests[1]?.nats.user_nkey).not.toBe(claims?.nats.user_nkey);
    });

    it("AN-68: users in auth_users, and those of accounts that are not allowed, ask nobody", async () => {
      const { requests } = await start(decideByName);
      await connectForTest(server(), service);
      await connectForTest(server(), { user: "ops", pass: "pw" });
      await connectForTest(server(), { user: "sys", pass: "pw" });
      expect(requests).toHaveLength(0);
      // Weft asks in vain about who cannot prove it, so that the name is like any other in time.
      await expectOut(server(), { user: "auth", pass: "wrong" });
      const inVain = isOtherServer ? 0 : 1;
      expect(requests).toHaveLength(inVain);
      // A static user of an account that is the service's business is one more client to it.
      await expectOut(server(), { user: "fixed", pass: "pw" });
      // So is who does not know the password of another one.
      await expectOut(server(), { user: "ops", pass: "wrong" });
      expect(requests).toHaveLength(inVain + 2);
      expect(JSON.stringify(requests.slice(0, inVain))).not.toContain("wrong");
    });

    it("AN-67: no answer within the time is a refusal, and others do not wait", async () => {
      await start(decideByName);
      const began = performance.now();
      const silent = expectOut(server(), { user: "silent", pass: "right" });
      const beside = connectForTest(server(), { user: "ops", pass: "pw" });
      await within(beside, "a static login", 500);
      await silent;
      expect(performance.now() - began).toBeGreaterThan(900);
      expect(performance.now() - began).toBeLessThan(2_500);
      await logged(server(), /callout response not received in time on account "AUTH"/);
    });

    itWeft("AN-67: without a service a login is refused at once", async () => {
      const began = performance.now();
      await expectOut(server(), { user: "a", pass: "right" });
      expect(performance.now() - began).toBeLessThan(900);
      await logged(server(), /Nobody listens for auth callouts in account "AUTH"/);
    });

    itWeft("AN-69: nor do static users who stand beside the service", async () => {
      const raw = await rawForTest(server().port);
      await raw.login({ user: "beside", pass: "pw" });
      raw.send(`PUB ${CALLOUT_SUBJECT} 0\r\n\r\n`);
      await raw.waitFor(/-ERR 'Permissions Violation for Publish to "\$SYS\.REQ\.USER\.AUTH"'/);
    });

    itWeft("AN-60: nobody is placed where only static users are allowed", async () => {
      await start((_claims, answers) => answers.user("OPS"));
      await expectOut(server(), { user: "a" });
      await logged(server(), /Account "OPS" is not among the allowed accounts of the callout/);
    });

    it("AN-71: permissions and expiry of the user's token", async () => {
      const soon = Math.floor(Date.now() / 1_000) + 3;
      await start((_claims, answers) =>
        answers.user("APP", { exp: soon, nats: { pub: { allow: ["mine.>"] }, sub: {} } }),
      );
      const raw = await rawForTest(server().port);
      await raw.login({ user: "limited" });
      raw.send("PUB other 0\r\n\r\n");
      await raw.waitFor(/-ERR 'Permissions Violation for Publish to "other"'/);
      await raw.waitFor(/-ERR 'User Authentication Expired'/);
      await raw.waitForClose();
    });

    it("AN-71: times of connection", async () => {
      const now = new Date(Date.now() - 7_200_000).toISOString().slice(11, 19);
      const past = new Date(Date.now() - 3_600_000).toISOString().slice(11, 19);
      await start((_claims, answers) =>
        answers.user("APP", {
          nats: { times: [{ start: now, end: past }], times_location: "UTC" },
        }),
      );
      await expectOut(server(), { user: "late" });
    });

    itWeft("AN-71: limits, sources and kinds of connection of the user's token", async () => {
      let nats: Record<string, unknown> = { payload: 8, subs: 1 };
      await start((_claims, answers) => answers.user("APP", { nats }));
      const raw = await rawForTest(server().port);
      await raw.login({ user: "limited", verbose: false });
      raw.send("SUB a 1\r\nSUB b 2\r\n");
      await raw.waitFor(/-ERR 'maximum subscriptions exceeded'/i);
      raw.send("PUB a 9\r\n123456789\r\n");
      await raw.waitFor(/-ERR 'Maximum Payload Violation'/);
      nats = { src: ["10.0.0.0/8"] };
      await expectOut(server(), { user: "limited" });
      nats = { allowed_connection_types: ["MQTT"] };
      await expectOut(server(), { user: "limited" });
      nats = { allowed_connection_types: ["STANDARD"], src: ["127.0.0.0/8"] };
      await connectForTest(server(), { user: "limited" });
    });

    it("AN-64 AN-65: an answer that is not for this request, server or issuer lets nobody in", async () => {
      const stranger = newIssuer();
      let decide: Decide = () => undefined;
      await start((claims, answers) => decide(claims, answers));
      const userKey = createUser().getPublicKey();
      const cases: readonly (readonly [RegExp, Decide])[] = [
        [/no reason supplied/, () => new Uint8Array()],
        [/Expected 3 chunks/, () => "nonsense"],
        [
          /wrong issuer for auth callout response/i,
          ({ nats }, answers) =>
            answers.wrap({ jwt: signToken(userClaims(nats.user_nkey, "APP"), stranger) }),
        ],
        [
          /Expected authorized user of "U/,
          (_claims, answers) =>
            answers.wrap({ jwt: signToken(userClaims(userKey, "APP"), issuer) }),
        ],
        [
          /response is not for expected user/,
          (_claims, answers) => answers.wrap({ error: "x" }, { sub: userKey }),
        ],
        [
          /response is not for server/,
          (_claims, answers) =>
            answers.wrap({ error: "x" }, { aud: createServer().getPublicKey() }),
        ],
        [
          /No valid account "NOWHERE" .*: account missing/i,
          (_claims, answers) => answers.user("NOWHERE"),
        ],
        [/claim is expired/, (_claims, answers) => answers.user("APP", { exp: 1_000 })],
        [/claim is expired/, (_claims, answers) => answers.wrap({ error: "x" }, { exp: 1_000 })],
        [/Error or Jwt is required/, (_claims, answers) => answers.wrap({})],
        [
          /attempted to use issuer_account/i,
          (_claims, answers) =>
            answers.user("APP", { nats: { issuer_account: issuer.getPublicKey() } }),
        ],
      ];
      for (const [reason, next] of cases) {
        decide = next;
        const before = server().stderr.length;
        await expectOut(server(), { user: "x" });
        if (isOtherServer) continue;
        await eventually(
          () => reason.test(server().stderr.slice(before)) || undefined,
          `${reason}`,
        );
      }
    });

    it("AN-68: a hash that does not fit is followed by the question, and input waits for both", async () => {
      const { requests } = await start((_claims, answers) => answers.user("APP"));
      for (const [pass, count] of [
        ["hunter2", 0],
        ["other", 1],
      ] as const) {
        const raw = await rawForTest(server().port);
        raw.sendConnect({ user: "hashed", pass });
        raw.send("SUB a 1\r\nPUB a 1\r\nx\r\nPING\r\n");
        await raw.waitFor(/MSG a 1 1\r\nx\r\nPONG/);
        expect(requests).toHaveLength(count);
      }
    });

    it("AN-74: each connection asks anew", async () => {
      const { requests } = await start(decideByName);
      for (let count = 1; count <= 3; count += 1) {
        await connectForTest(server(), { user: "a", pass: "right" });
        expect(requests).toHaveLength(count);
      }
    });

    it("AN-75: the system account and that of the service hear of a refusal", async () => {
      await start(decideByName);
      const system = await connectForTest(server(), { user: "sys", pass: "pw" });
      const own = await connectForTest(server(), service);
      const refusals = new MessageLog(system, "$SYS.SERVER.*.CLIENT.AUTH.ERR");
      const ownRefusals = new MessageLog(own, "$SYS.ACCOUNT.CLIENT.AUTH.ERR");
      await Promise.all([system.flush(), own.flush()]);
      await expectOut(server(), { user: "a", pass: "wrong" });
      await refusals.waitForCount(1);
      await ownRefusals.waitForCount(1);
      expect(refusals.messages[0]?.json()).toMatchObject({ reason: "Authentication Failure" });
      const text = ownRefusals.messages[0]?.string() ?? "";
      expect(text).toContain("wrong password");
      expect(text).not.toContain('"wrong"');
    });

    itWeft("AN-67: a service that never answers is left alone for a while", async () => {
      await start(decideByName);
      await Promise.all(
        Array.from({ length: 12 }, () => expectOut(server(), { user: "silent", pass: "x" })),
      );
      await logged(
        server(),
        /Auth callout: no answers in account "AUTH", nobody is asked there for 1s/,
      );
      const began = performance.now();
      await expectOut(server(), { user: "a", pass: "right" });
      expect(performance.now() - began).toBeLessThan(500);
      await eventually(
        () => connectForTest(server(), { user: "a", pass: "right" }).catch(() => undefined),
        "the service to be asked again",
      );
      await logged(server(), /Auth callout: the service answers again/);
    });
  });

  describe("sealed", () => {
    const server = useServer({ workers, config: config(`xkey: ${curve.getPublicKey()}`) });

    it("AN-66: requests and answers are sealed, and a plain answer is still one", async () => {
      const { raw, requests } = await startCallout(server(), {
        login: service,
        issuer,
        curve,
        decide: (claims, answers) => {
          if (claims.nats.connect_opts["user"] === "plain") {
            return Buffer.from(answers.user("APP"));
          }
          if (claims.nats.connect_opts["user"] === "forged") {
            const other = createCurve();
            const text = Buffer.from(answers.user("APP"));
            return other.seal(text, claims.nats.server_id["xkey"] ?? "");
          }
          return answers.user("APP");
        },
      });
      await connectForTest(server(), { user: "sealed", pass: "secret-of-mine" });
      await connectForTest(server(), { user: "plain" });
      await expectOut(server(), { user: "forged" });
      expect(Buffer.from(raw[0]?.data ?? []).toString("latin1")).toMatch(/^xkv1/);
      expect(requests[0]?.nats.server_id["xkey"]).toBe(raw[0]?.serverKey);
      expect(raw[0]?.serverKey).toMatch(/^X/);
    });

    it("AN-69: nobody in the account of the service may ask in the server's name", async () => {
      await startCallout(server(), { login: service, issuer, curve, decide: placeBeside });
      const logins = [service, { user: "placed" }];
      for (const login of logins) {
        const raw = await rawForTest(server().port);
        await raw.login(login);
        raw.send(`PUB ${CALLOUT_SUBJECT} 0\r\n\r\n`);
        await raw.waitFor(/-ERR 'Permissions Violation for Publish to "\$SYS\.REQ\.USER\.AUTH"'/);
      }
    });

    it("AN-60: without allowed_accounts every static user is the service's business", async () => {
      await startCallout(server(), { login: service, issuer, curve, decide: decideByName });
      await expectOut(server(), { user: "ops", pass: "pw" });
    });
  });
});
