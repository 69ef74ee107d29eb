// Logins with several mechanisms (GP-1, SA-28, SA-29): random credentials against random sets of
// accounts, compared with a judge that knows no tables; and what a refusal costs.
import { generateKeyPairSync, sign } from "node:crypto";
import { createPrng, type Prng } from "@weft/base";
import { describe, expect, test } from "vitest";
import type { LoginAnswer, LoginFacts, LoginOutcome, LoginRequest, Pending } from "./identity.ts";
import { StaticAuthenticator } from "./login.ts";
import { Mechanisms } from "./mechanisms.ts";
import { MixedLogins } from "./mixed-logins.ts";
import { encodePublic } from "./nkeys/key.ts";
import { compilePermissions } from "./permissions.ts";
import { reauthorize } from "./reauthorize.ts";
import type { AuthSpec, Mechanism, UserSpec } from "./spec.ts";
import type { TokenLogins } from "./token-logins.ts";

const HASH = "$2a$11$W2zko751KUvVy59mUTWmpOdWjpEm5qhcCZRd05GjI/sSOT.xtiHyG";
const FACTS: LoginFacts = { nonce: Buffer.from("abcdefghijklmno"), connectionType: "STANDARD" };
const PAIR = generateKeyPairSync("ed25519");
const KEY = encodePublic(
  "user",
  PAIR.publicKey.export({ format: "der", type: "spki" }).subarray(-32),
);
const OTHER_KEY = encodePublic("user", new Uint8Array(32));
const SIGNATURE = sign(null, FACTS.nonce, PAIR.privateKey).toString("base64url");
const PERMISSIONS = { permissionsKey: "", permissions: compilePermissions(undefined) };

/** What a server is set up with. */
interface World {
  readonly hasTokens: boolean;
  readonly hasSentinel: boolean;
  readonly hasCallout: boolean;
  readonly hasGuest: boolean;
  readonly hasHash: boolean;
  readonly mechanisms: Readonly<Record<"PLAIN" | "SERVED" | "$G", Mechanism>>;
}

/** Somebody who comes. */
type Comer =
  | { readonly kind: "nobody" }
  | { readonly kind: "known"; readonly isRight: boolean; readonly name: "ann" | "bob" }
  | { readonly kind: "key"; readonly isKnown: boolean; readonly isRight: boolean }
  | { readonly kind: "stranger"; readonly wants: string; readonly hasToken: boolean }
  | { readonly kind: "jwt"; readonly account: string; readonly isRight: boolean };

const TOKEN_ACCOUNTS = ["KNOWN", "ASKED"];
const PLACES = ["PLAIN", "SERVED", "$G", "KNOWN", "NONE", "refused"];

function one<T>(prng: Prng, all: readonly T[]): T {
  return all[prng.below(all.length)] as T;
}

function randomWorld(prng: Prng): World {
  const flip = (): boolean => prng.below(2) === 0;
  const hasTokens = flip();
  const hasCallout = flip();
  return {
    hasTokens,
    hasCallout,
    hasSentinel: hasTokens && flip(),
    hasGuest: flip(),
    hasHash: flip(),
    mechanisms: {
      PLAIN: "static",
      SERVED: hasCallout ? "callout" : "static",
      $G: hasCallout && flip() ? "callout" : "static",
    },
  };
}

function randomComer(prng: Prng): Comer {
  const isRight = prng.below(2) === 0;
  switch (prng.below(5)) {
    case 0:
      return { kind: "nobody" };
    case 1:
      return { kind: "known", isRight, name: one(prng, ["ann", "bob"]) };
    case 2:
      return { kind: "key", isKnown: prng.below(2) === 0, isRight };
    case 3:
      return { kind: "stranger", wants: one(prng, PLACES), hasToken: isRight };
    default: {
      const account = one(prng, [...TOKEN_ACCOUNTS, "PLAIN", "PLAIN-KEY", "NONE"]);
      return { kind: "jwt", account, isRight };
    }
  }
}

/** What has to become of it, in words; the service's questions behind it. */
function judge(world: World, comer: Comer): string {
  const refused = (asked: string): string => `refused${world.hasCallout ? asked : ""}`;
  switch (comer.kind) {
    case "jwt": {
      // Without operators nobody looks at it, and nothing else was brought.
      if (!world.hasTokens) return judge(world, { kind: "nobody" });
      const isIn = comer.isRight && TOKEN_ACCOUNTS.includes(comer.account);
      return isIn ? `jwt in ${comer.account}` : "refused";
    }
    case "known":
      return comer.isRight ? "user in PLAIN" : refused(", asked in vain");
    case "key":
      if (!comer.isKnown) return refused(", asked");
      return comer.isRight ? "nkey in PLAIN" : refused(", asked in vain");
    case "nobody":
      if (world.hasGuest) return "no-auth-user in PLAIN";
      if (world.hasSentinel) return "jwt in KNOWN";
      return refused(", asked");
    case "stranger": {
      if (!world.hasCallout) return "refused";
      const mechanism = (world.mechanisms as Readonly<Record<string, Mechanism>>)[comer.wants];
      return mechanism === "callout" ? `callout in ${comer.wants}, asked` : "refused, asked";
    }
  }
}

function specOf(world: World): AuthSpec {
  const users: UserSpec[] = [
    { user: "ann", password: "ann-pw", account: "PLAIN" },
    { user: "bob", password: world.hasHash ? HASH : "bob-pw", account: "PLAIN" },
    { user: "", nkey: KEY, account: "PLAIN" },
  ];
  const accounts = Object.entries(world.mechanisms).map(([name, mechanism]) => ({
    name,
    key: name === "PLAIN" ? "PLAIN-KEY" : undefined,
    mechanism,
  }));
  return {
    users,
    tlsMap: false,
    mixed: { accounts },
    ...(world.hasGuest && { noAuthUser: "ann" }),
    ...(world.hasCallout && {
      callout: { issuer: "A", account: "PLAIN", authUsers: ["ann"], allowedAccounts: [] },
    }),
  };
}

/** Tokens are texts such as `good KNOWN`; of `ASKED` nothing is known before it is asked for. */
class TextTokens implements TokenLogins {
  readonly hasSentinel: boolean;

  constructor(hasSentinel: boolean) {
    this.hasSentinel = hasSentinel;
  }

  begin({ jwt }: LoginRequest): LoginOutcome {
    const [verdict, account = ""] = (jwt || (this.hasSentinel ? "good KNOWN" : "")).split(" ");
    if (verdict !== "good") return { kind: "denied", reason: "token refused" };
    if (account === "KNOWN") return this.#granted(account);
    return { kind: "pending", wait: { kind: "account", key: account, judged: undefined } };
  }

  finish({ key }: { readonly key: string }): LoginOutcome {
    // Whoever asks for an account of the configuration would be let in here.
    return key === "NONE" ? { kind: "denied", reason: "token refused" } : this.#granted(key);
  }

  #granted(accountName: string): LoginOutcome {
    const token = { text: "", name: "", tags: [], issuerKey: "", issuedAtSeconds: 0 };
    return {
      kind: "granted",
      identity: { kind: "jwt", user: "t", accountName, ...PERMISSIONS, token },
    };
  }

  judgeAgain(): never {
    throw new Error("not asked");
  }

  knownEnd(): undefined {}
  follow(): void {}
  know(): void {}
}

function requestOf(comer: Comer): LoginRequest {
  switch (comer.kind) {
    case "nobody":
      return {};
    case "known":
      return { user: comer.name, pass: comer.isRight ? `${comer.name}-pw` : "wrong" };
    case "key":
      return {
        nkey: comer.isKnown ? KEY : OTHER_KEY,
        sig: comer.isRight ? SIGNATURE : "A".repeat(86),
      };
    case "stranger":
      return comer.hasToken ? { authToken: comer.wants } : { user: comer.wants, pass: "x" };
    case "jwt":
      return { jwt: `${comer.isRight ? "good" : "bad"} ${comer.account}` };
  }
}

interface Story {
  readonly told: string;
  /** What was waited for. */
  readonly waits: readonly Pending[];
}

/** The whole login, with answers to everything. */
function run(world: World, request: LoginRequest): Story {
  const spec = specOf(world);
  const authenticator = new StaticAuthenticator(spec);
  const mechanisms = new Mechanisms(spec.mixed ?? { accounts: [] });
  const tokens = world.hasTokens ? new TextTokens(world.hasSentinel) : undefined;
  const logins = new MixedLogins({ authenticator, mechanisms, tokens });
  const waits: Pending[] = [];
  let outcome = logins.begin(request, FACTS);
  while (outcome.kind === "pending") {
    expect(waits.length).toBeLessThan(4);
    waits.push(outcome.wait);
    outcome = logins.finish(outcome.wait, answerTo(outcome.wait, request), request, FACTS);
  }
  const asked = waits.find((wait) => wait.kind === "callout");
  const question = asked && (asked.refusal === undefined ? ", asked" : ", asked in vain");
  const { identity } = outcome.kind === "granted" ? outcome : { identity: undefined };
  const told = identity === undefined ? "refused" : `${identity.kind} in ${identity.accountName}`;
  return { told: `${told}${question ?? ""}`, waits };
}

function answerTo(wait: Pending, { user, pass, authToken }: LoginRequest): LoginAnswer {
  if (wait.kind === "hash") {
    const matches = wait.candidate?.user === user && pass === `${user}-pw`;
    return { kind: "hash", matches };
  }
  if (wait.kind === "account") return { kind: "account" };
  // A service that places everybody where he wants to be.
  const accountName = authToken || user || "refused";
  if (accountName === "refused") return { kind: "callout", reason: "no" };
  const known = PLACES.includes(accountName) ? accountName : "SERVED";
  const rights = {
    payloadBytesMax: undefined,
    subscriptionsMax: undefined,
    permissions: undefined,
  };
  return {
    kind: "callout",
    user: { accountName: known, name: "", expiresAtMs: undefined, ...rights },
  };
}

const EVERYTHING: World = {
  hasTokens: true,
  hasSentinel: false,
  hasCallout: true,
  hasGuest: false,
  hasHash: true,
  mechanisms: { PLAIN: "static", SERVED: "callout", $G: "static" },
};

describe("several mechanisms", () => {
  test("SA-28 SA-29: everybody gets where his mechanism leads, as a judge without tables says", () => {
    const seen = new Set<string>();
    for (let seed = 1; seed <= 4_000; seed += 1) {
      const prng = createPrng(seed);
      const world = randomWorld(prng);
      const comer = randomComer(prng);
      const { told } = run(world, requestOf(comer));
      expect(told, JSON.stringify({ seed, world, comer })).toBe(judge(world, comer));
      seen.add(`${comer.kind} ${told}`);
    }
    expect(seen.size).toBeGreaterThan(16);
  });

  test("SA-29: a wrong password of a known name costs what an unknown name costs", () => {
    for (const hasHash of [true, false]) {
      for (const hasCallout of [true, false]) {
        const world = { ...EVERYTHING, hasHash, hasCallout };
        const costs = ["ann", "bob", "refused"].map((user) => {
          const { told, waits } = run(world, { user, pass: "wrong" });
          expect(told).toMatch(/^refused/);
          return waits.map(({ kind }) => kind).sort();
        });
        const wanted = [...(hasCallout ? ["callout"] : []), ...(hasHash ? ["hash"] : [])];
        expect(costs).toEqual([wanted, wanted, wanted]);
      }
    }
  });

  test("SA-29: a stranger whom the service lets in pays for no comparison", () => {
    const { told, waits } = run(EVERYTHING, { user: "SERVED", pass: "x" });
    expect(told).toBe("callout in SERVED, asked");
    expect(waits).toHaveLength(1);
  });

  test("CP-28: an account in CONNECT is refused before anything is asked", () => {
    const story = run(EVERYTHING, { user: "SERVED", pass: "x", account: "PLAIN" });
    expect(story).toEqual({ told: "refused", waits: [] });
  });
});

describe("what the configuration knows", () => {
  const callout = { issuer: "A", account: "$G", authUsers: ["x"], allowedAccounts: [] };
  const mixed = { accounts: [{ name: "$G", mechanism: "static" as const }] };

  function begin(over: Partial<AuthSpec>, request: LoginRequest, names?: string) {
    const spec: AuthSpec = { users: [], tlsMap: false, callout, mixed, ...over };
    const certificates = { mapCertificate: () => names };
    const authenticator = new StaticAuthenticator(spec, certificates);
    const mechanisms = new Mechanisms(mixed);
    const logins = new MixedLogins({ authenticator, mechanisms, tokens: undefined });
    const tls = { version: "TLSv1.3", cipher: "x", peerCertificate: Buffer.from("certificate") };
    const outcome = logins.begin(request, { ...FACTS, ...(names !== undefined && { tls }) });
    if (outcome.kind === "granted") return outcome.identity.kind;
    if (outcome.kind === "denied") return outcome.reason;
    const { wait } = outcome;
    return wait.kind === "callout" && wait.refusal !== undefined ? "in vain" : wait.kind;
  }

  test("AN-03: a token by its value, a single user by his name", () => {
    expect(begin({ token: "t" }, { authToken: "t" })).toBe("token");
    expect(begin({ token: "t" }, { authToken: "other" })).toBe("callout");
    const single = { user: "u", password: "p" };
    expect(begin(single, { user: "u", pass: "p" })).toBe("user");
    expect(begin(single, { user: "u", pass: "x" })).toBe("in vain");
    expect(begin(single, { user: "v", pass: "p" })).toBe("callout");
  });

  test("AN-30 AN-33: certificates by the user that they name", () => {
    const users = [{ user: "cn", password: "pw" }, { user: "open" }];
    const mapped = { users, tlsMap: true };
    expect(begin(mapped, {}, "open")).toBe("certificate");
    expect(begin(mapped, { pass: "pw" }, "cn")).toBe("certificate");
    expect(begin(mapped, { pass: "x" }, "cn")).toBe("in vain");
    expect(begin(mapped, {}, "nobody")).toBe("callout");
    expect(begin(mapped, { user: "cn", pass: "pw" })).toBe("callout");
    // Known by his name alone, where no certificate says who somebody is.
    expect(begin({ users }, { user: "open", pass: "x" })).toBe("in vain");
  });
});

describe("several mechanisms after a reload", () => {
  const before = new StaticAuthenticator(specOf(EVERYTHING));
  const outcomeOf = (kind: "callout" | "user", account: string, after: World) => {
    const user = kind === "user" ? "ann" : "joe";
    const identity = { kind, user, accountName: account, ...PERMISSIONS };
    const login = { identity, before, facts: FACTS, sameSecrets: new Set<string>() };
    return reauthorize(login, new StaticAuthenticator(specOf(after))).kind;
  };

  test("RL-13: who came by another mechanism than the account has now goes", () => {
    expect(outcomeOf("callout", "SERVED", EVERYTHING)).toBe("granted");
    expect(outcomeOf("user", "PLAIN", EVERYTHING)).toBe("granted");
    const turned = { ...EVERYTHING.mechanisms, SERVED: "static", PLAIN: "callout" } as const;
    const after = { ...EVERYTHING, mechanisms: turned };
    expect(outcomeOf("callout", "SERVED", after)).toBe("moved");
    expect(outcomeOf("user", "PLAIN", after)).toBe("moved");
    expect(outcomeOf("callout", "GONE", EVERYTHING)).toBe("moved");
    expect(outcomeOf("callout", "SERVED", { ...EVERYTHING, hasCallout: false })).toBe("moved");
  });
});
