// What answers are worth (AN-64, AN-65, AN-71), and that nothing that a service sends can throw or let
// a stranger in (attack 34).
import { createAccount, createServer, createUser, type KeyPair } from "@nats-io/nkeys";
import { type CalloutQuestion, SignatureVerifier } from "@weft/auth";
import { createPrng } from "@weft/base";
import {
  type AuthorizationRequestClaims,
  decodeTokenOf,
  encodeClaims,
  newAuthorizationResponseClaims,
  newUserClaims,
  type Signer,
  signerFromSeed,
  type UserClaims,
} from "@weft/jwt";
import { describe, expect, test } from "vitest";
import { CurveKey } from "./curve.ts";
import { buildRequest, type CalloutRequest, type RequestTools } from "./request.ts";
import {
  type Asked,
  type Judged,
  placeStatic,
  RESPONSE_BYTES_MAX,
  type ResponseTools,
  readResponse,
} from "./response.ts";
import { prngEntropy } from "./testing/test-entropy.ts";

const NOW_MS = 1_800_000_000_000;
const NOW_SECONDS = NOW_MS / 1_000;
const prng = createPrng(11);
const entropy = prngEntropy(prng);
const verifier = new SignatureVerifier();

function signer(pair: KeyPair): Signer {
  const made = signerFromSeed(new TextDecoder().decode(pair.getSeed()));
  if (made === undefined) throw new Error("a seed");
  return made;
}

const issuer = signer(createAccount());
const stranger = signer(createAccount());
const server = signer(createServer());
const serverCurve = CurveKey.fromEntropy(entropy);
const serviceCurve = CurveKey.fromEntropy(entropy);
const line = serverCurve.lineTo(serviceCurve.publicKey);
const userKey = createUser().getPublicKey();
const asked: Asked = { userKey, account: "AUTH", connectionType: "STANDARD", host: "10.1.2.3" };
const tools: ResponseTools = {
  serverId: server.publicKey,
  line: undefined,
  verifier,
  timeZone: "UTC",
};

function encoded(claims: Parameters<typeof encodeClaims>[0], by: Signer): string {
  const result = encodeClaims(claims, by, NOW_SECONDS);
  if (!result.ok) throw new Error(result.error.message);
  return result.token;
}

interface Parts {
  readonly user?: Partial<UserClaims> | undefined;
  readonly nats?: Partial<UserClaims["nats"]> | undefined;
  readonly userSigner?: Signer | undefined;
  readonly responseSubject?: string | undefined;
  readonly responseAudience?: string | undefined;
  readonly error?: string | undefined;
  readonly responseExpires?: number | undefined;
}

function answer(parts: Parts = {}): Buffer {
  const { user = {}, nats = {}, userSigner = issuer, error = "" } = parts;
  const base = newUserClaims(userKey);
  const whole = { ...base, audience: "APP", ...user, nats: { ...base.nats, ...nats } };
  const response = newAuthorizationResponseClaims(parts.responseSubject ?? userKey);
  const jwt = error === "" ? encoded(whole, userSigner) : "";
  const claims = {
    ...response,
    audience: parts.responseAudience ?? server.publicKey,
    expiresAtSeconds: parts.responseExpires ?? 0,
    nats: { ...response.nats, jwt, error },
  };
  return Buffer.from(encoded(claims, issuer));
}

const placement = {
  issuer: issuer.publicKey,
  allowedAccounts: [] as readonly string[],
  hasAccount: (name: string) => ["APP", "OPS", "AUTH", "$G"].includes(name),
};

function judge(payload: Uint8Array, by = tools, place = placement): Judged<unknown> {
  const read = readResponse(payload, asked, by, NOW_SECONDS);
  return read.ok ? placeStatic(read.value, place, asked, by, NOW_MS) : read;
}

function reasonOf(judged: Judged<unknown>): string {
  return judged.ok ? "let in" : judged.reason;
}

test("AN-65: a right answer is a user of the account that it names", () => {
  const expiresAtSeconds = NOW_SECONDS + 60;
  const user = { name: "ruth", expiresAtSeconds, tags: ["team:red"] };
  const publish = { allow: ["a.>"], deny: undefined };
  const judged = judge(answer({ user, nats: { publish, payloadBytesMax: 5 } }));
  expect(judged).toEqual({
    ok: true,
    value: {
      accountName: "APP",
      name: "ruth",
      permissions: expect.objectContaining({ publish: { allow: ["a.>"] } }),
      payloadBytesMax: 5,
      subscriptionsMax: undefined,
      expiresAtMs: expiresAtSeconds * 1_000,
      tags: ["team:red"],
    },
  });
});

describe("AN-64 AN-65 AN-71: refusals", () => {
  const cases: readonly (readonly [RegExp, Parts])[] = [
    [/service returned an error: no\?\?x$/, { error: "no\r\nx" }],
    [/not for expected user/, { responseSubject: createUser().getPublicKey(), error: "e" }],
    [/not for server/, { responseAudience: createServer().getPublicKey(), error: "e" }],
    [/Expected authorized user of/, { user: { subject: createUser().getPublicKey() } }],
    [/validation errors: claim is expired/, { responseExpires: NOW_SECONDS - 1, error: "e" }],
    [/validating user JWT: claim is expired/, { user: { expiresAtSeconds: NOW_SECONDS - 1 } }],
    [/not yet valid/, { user: { notBeforeSeconds: NOW_SECONDS + 60 } }],
    [/Wrong issuer/, { userSigner: stranger }],
    [/issuer_account/, { nats: { issuerAccount: issuer.publicKey } }],
    [
      /No valid account "ELSE" .* on account "AUTH": account missing/,
      { user: { audience: "ELSE" } },
    ],
    [/No valid account ""/, { user: { audience: "" } }],
    [/source not allowed/, { nats: { sourceNetworks: ["192.168.0.0/16"] } }],
    [/connection type/, { nats: { allowedConnectionTypes: ["MQTT"] } }],
    [/connection type/, { nats: { allowedConnectionTypes: ["CARRIER_PIGEON"] } }],
    [/connect times/, { nats: { times: [{ start: "00:00:00", end: "00:00:01" }] } }],
  ];
  test.each(cases)("%s", (reason, parts) => {
    expect(reasonOf(judge(answer(parts)))).toMatch(reason);
  });

  test("an account that is not among the allowed ones", () => {
    const allowed = { ...placement, allowedAccounts: ["APP"] };
    expect(reasonOf(judge(answer(), tools, allowed))).toBe("let in");
    const global = answer({ user: { audience: "$G" } });
    expect(reasonOf(judge(global, tools, allowed))).toBe("let in");
    for (const audience of ["OPS", "AUTH"]) {
      const judged = judge(answer({ user: { audience } }), tools, allowed);
      expect(reasonOf(judged)).toMatch(/not among the allowed accounts/);
    }
  });

  test("a name and tags that a token in CONNECT would have no room for", () => {
    const longest = { name: "n".repeat(96), tags: ["t".repeat(2_000), "u".repeat(2_000)] };
    expect(reasonOf(judge(answer({ user: longest })))).toBe("let in");
    const longer = { ...longest, name: "n".repeat(97) };
    expect(reasonOf(judge(answer({ user: longer })))).toMatch(/4097 characters, at most 4096/);
  });

  test("what a service says is cut and has no control characters", () => {
    const reason = reasonOf(judge(answer({ error: `\u001b[31m${"x".repeat(9_999)}` })));
    expect(reason.length).toBeLessThan(400);
    expect(reason).not.toContain("\u001b");
  });
});

describe("AN-66: sealed answers", () => {
  const sealed = { ...tools, line };
  const service = serviceCurve.lineTo(serverCurve.publicKey);

  test("open with the key of the service only; a plain token is still one", () => {
    const opened = service?.seal(answer(), entropy) ?? Buffer.alloc(0);
    expect(reasonOf(judge(opened, sealed))).toBe("let in");
    expect(reasonOf(judge(answer(), sealed))).toBe("let in");
    const other = CurveKey.fromEntropy(entropy).lineTo(serverCurve.publicKey);
    const forged = other?.seal(answer(), entropy) ?? Buffer.alloc(0);
    expect(reasonOf(judge(forged, sealed))).toMatch(/decrypting/);
  });
});

describe("attack 34: answers of any bytes", () => {
  test("empty and too long", () => {
    expect(reasonOf(judge(new Uint8Array()))).toMatch(/no reason supplied/);
    expect(reasonOf(judge(new Uint8Array(RESPONSE_BYTES_MAX + 1)))).toMatch(/too long/);
  });

  test("a byte changed, cut or added never lets anybody in, and never throws", () => {
    const rounds = process.env["WEFT_DEEP"] === "1" ? 100_000 : 1_500;
    const right = answer();
    for (let round = 0; round < rounds; round += 1) {
      const broken = Buffer.from(right);
      const at = prng.below(broken.length);
      const how = prng.below(3);
      if (how === 0) broken[at] = (broken[at] ?? 0) ^ (1 + prng.below(255));
      const payload =
        how === 0
          ? broken
          : how === 1
            ? broken.subarray(0, at)
            : Buffer.concat([broken.subarray(0, at), Buffer.from("A"), broken.subarray(at)]);
      expect(judge(payload).ok).toBe(false);
      expect(judge(payload, { ...tools, line }).ok).toBe(false);
    }
  });

  test("signed claims with values of any type never throw", () => {
    const values = [null, -1, 1e300, "", "x", [], {}, true, ["$SYS.>"], { allow: [1] }];
    const header = Buffer.from('{"typ":"JWT","alg":"ed25519-nkey"}').toString("base64url");
    const sign = (claims: object): string => {
      const body = `${header}.${Buffer.from(JSON.stringify(claims)).toString("base64url")}`;
      return `${body}.${Buffer.from(issuer.sign(Buffer.from(body))).toString("base64url")}`;
    };
    const names = ["pub", "sub", "subs", "payload", "src", "times", "resp", "type", "version"];
    for (let round = 0; round < 1_000; round += 1) {
      const nats: Record<string, unknown> = { type: "user", version: 2 };
      for (const name of names) {
        if (prng.below(3) === 0) nats[name] = values[prng.below(values.length)];
      }
      const user = { sub: userKey, aud: "APP", iss: issuer.publicKey, nats };
      const jwt = prng.below(8) === 0 ? values[prng.below(values.length)] : sign(user);
      const wrapped = sign({
        sub: userKey,
        aud: server.publicKey,
        iss: issuer.publicKey,
        nats: { jwt, type: "authorization_response", version: 2 },
      });
      expect(() => judge(Buffer.from(wrapped))).not.toThrow();
    }
  });
});

describe("AN-62 AN-63: requests", () => {
  const question: CalloutQuestion = {
    kind: "callout",
    account: "AUTH",
    clientId: 7,
    host: "10.1.2.3",
    rawUser: "ruth",
    nonce: "n0nce",
    connectionType: "STANDARD",
    connect: {
      jwt: "",
      nkey: "",
      sig: "",
      token: "",
      user: "ruth",
      pass: "pässword",
      name: "",
      lang: "",
      version: "",
      protocol: 1,
    },
    tls: { version: "1.3", cipher: "TLS_AES_128_GCM_SHA256", chain: [Buffer.alloc(100, 1)] },
  };
  const requestTools: RequestTools = {
    server: { name: "s", host: "h", id: server.publicKey, version: "1", cluster: "", tags: [] },
    signer: server,
    curveKey: serverCurve.publicKey,
    line: undefined,
    entropy,
  };
  const build = (by: RequestTools, asks = question): CalloutRequest => {
    const request = buildRequest(asks, issuer.publicKey, by, NOW_SECONDS, 2_000);
    if (request === undefined) throw new Error("the request is too long");
    return request;
  };

  test("AN-62: a request that would be longer than any token is not made", () => {
    const tls = { version: "1.3", cipher: "any", chain: [Buffer.alloc(1024 * 1024)] };
    expect(() => build(requestTools, { ...question, tls })).toThrow("too long");
  });

  function read(payload: Uint8Array): AuthorizationRequestClaims {
    const text = Buffer.from(payload).toString("latin1");
    const decoded = decodeTokenOf("authorization_request", text, verifier);
    if (!decoded.ok) throw new Error(decoded.error.message);
    return decoded.claims;
  }

  test("are tokens of the server, for a key that is new each time", () => {
    const first = build(requestTools);
    const claims = read(first.payload);
    expect(claims).toMatchObject({
      audience: "nats-authorization-request",
      issuer: server.publicKey,
      expiresAtSeconds: NOW_SECONDS + 2,
      nats: { userNkey: first.userKey, connectOptions: { user: "ruth", password: "pässword" } },
    });
    expect(claims.nats.clientInformation.nonce).toBe("");
    expect(claims.nats.clientTls?.verifiedChains[0]?.[0]).toMatch(
      /^-----BEGIN CERTIFICATE-----\n[A-Za-z0-9+/=]{64}\n[A-Za-z0-9+/=\n]+-----END CERTIFICATE-----\n$/,
    );
    expect(build(requestTools).userKey).not.toBe(first.userKey);
    const signed = { ...question, connect: { ...question.connect, sig: "s" } };
    expect(read(build(requestTools, signed).payload).nats.clientInformation.nonce).toBe("n0nce");
  });

  test("AN-63: name and tags of the sentinel are told, as its token says", () => {
    const labelsOf = (jwt: string) => {
      const asks = { ...question, connect: { ...question.connect, jwt } };
      const { nameTag, tags } = read(build(requestTools, asks).payload).nats.clientInformation;
      return { nameTag, tags };
    };
    const token = (claims: unknown) =>
      `e30.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.c2ln`;
    expect(labelsOf(token({ name: "door", nats: { tags: ["a:1", "b"] } }))).toEqual({
      nameTag: "door",
      tags: ["a:1", "b"],
    });
    const none = { nameTag: "", tags: [] };
    for (const claims of [{}, null, [], { name: 1, nats: { tags: "a" } }, { nats: [] }]) {
      expect(labelsOf(token(claims))).toEqual(none);
    }
    expect(["", "x", "a.b.c"].map(labelsOf)).toEqual([none, none, none]);
  });

  test("are sealed to the service where it has a key", () => {
    const { payload, header } = build({ ...requestTools, line });
    expect(header.toString()).toBe(
      `NATS/1.0\r\nNats-Server-Xkey: ${serverCurve.publicKey}\r\n\r\n`,
    );
    expect(payload.toString("latin1")).not.toContain("eyJ");
    const opened = serviceCurve.lineTo(serverCurve.publicKey)?.open(payload) ?? Buffer.alloc(0);
    expect(read(opened).nats.server.xkey).toBe(serverCurve.publicKey);
  });
});
