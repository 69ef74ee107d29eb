// The questions to callout services on control (AN-60 to AN-70): who is believed. The service answers on
// a bus of this test: what it signs with, and where it wants its users, is the cases' business.
import { type AccountSpec, compileAccounts } from "@weft/accounts";
import type { AuthSpec, CalloutQuestion, LoginAnswer } from "@weft/auth";
import { encodeSeed, SignatureVerifier } from "@weft/auth";
import { LIMITS } from "@weft/base";
import type { BrokerSnapshot, InternalMessage } from "@weft/broker";
import {
  decodeTokenOf,
  encodeClaims,
  newAccountClaims,
  newAuthorizationResponseClaims,
  newUserClaims,
  type Signer,
  signerFromSeed,
  type TrustedAccount,
} from "@weft/jwt";
import { describe, expect, onTestFinished, test } from "vitest";
import { CalloutService } from "./callout-service.ts";
import { createServerKeys } from "./identity.ts";

const verifier = new SignatureVerifier();
const keys = createServerKeys();

function accountSigner(number: number): Signer {
  return signerFromSeed(encodeSeed("account", new Uint8Array(32).fill(number))) as Signer;
}
const [ISSUER, STRANGER, AUTH, APP, PLAIN] = [1, 2, 3, 4, 5].map(accountSigner) as [
  Signer,
  Signer,
  Signer,
  Signer,
  Signer,
];

const PATIENT_MS = 60_000;

/** What a service says. */
interface Said {
  readonly by: Signer;
  readonly account?: string;
  /** Of the answer itself; default: as the user. */
  readonly answerBy?: Signer;
}

function questionTo(account: string): CalloutQuestion {
  const texts = { jwt: "", nkey: "", sig: "", token: "", user: "ann", pass: "a" };
  return {
    kind: "callout",
    account,
    clientId: 1,
    host: "127.0.0.1",
    rawUser: "ann",
    nonce: "",
    connectionType: "STANDARD",
    connect: { ...texts, name: "", lang: "", version: "", protocol: 1 },
  };
}

function signed(claims: Parameters<typeof encodeClaims>[0], by: Signer): string {
  const made = encodeClaims(claims, by, Math.floor(Date.now() / 1_000));
  if (!made.ok) throw new Error(made.error.message);
  return made.token;
}

function tokenAccount(key: Signer, authUsers: readonly string[], allowed: readonly string[] = []) {
  const { publicKey } = key;
  const fresh = newAccountClaims(publicKey);
  const { authorization } = fresh.nats;
  const more = { ...authorization, authUsers, allowedAccounts: allowed };
  const claims = { ...fresh, nats: { ...fresh.nats, authorization: more } };
  const signers = new Map([[publicKey, undefined]]);
  return { key: publicKey, claims, signers, findings: [] } satisfies TrustedAccount;
}
/** The answer to a request, as a service makes it. */
function answerTo(request: Buffer, { by, account = "", answerBy = by }: Said): Buffer {
  const decoded = decodeTokenOf("authorization_request", request.toString("latin1"), verifier);
  if (!decoded.ok) throw new Error(decoded.error.message);
  const { userNkey, server } = decoded.claims.nats;
  const user = { ...newUserClaims(userNkey), audience: account };
  const fresh = newAuthorizationResponseClaims(userNkey);
  const nats = { ...fresh.nats, jwt: signed(user, by) };
  return Buffer.from(signed({ ...fresh, audience: server.id, nats }, answerBy));
}

interface Stage {
  readonly auth?: Partial<AuthSpec>;
  readonly trusted?: readonly TrustedAccount[];
  readonly oneMechanism?: boolean;
  readonly authTimeoutMs?: number;
}

function stage({ auth = {}, trusted = [], oneMechanism, authTimeoutMs = PATIENT_MS }: Stage) {
  const names = ["AUTH", "RED", "BLUE", ...trusted.map(({ key }) => key)];
  const compiled = compileAccounts(
    names.map((name): AccountSpec => ({ name })),
    {},
  );
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.errors));
  const snapshot = {
    auth: { users: [], tlsMap: false, ...auth },
    accounts: compiled.snapshot,
    limits: { authTimeoutMs },
    server: { id: keys.id, name: "s", host: "h", version: "1" },
    operator: oneMechanism === undefined ? undefined : { oneMechanism },
  } as unknown as BrokerSnapshot;
  /** By account. */
  const saying = new Map<string, Said | undefined>();
  let take: (message: InternalMessage) => void = () => undefined;
  const told: string[] = [];
  const listening: number[] = [];
  const service = new CalloutService(snapshot, {
    keys,
    log: { write: () => undefined } as never,
    bus: {
      listen: (account, _filter, taken) => {
        listening.push(account);
        take = taken;
      },
      unlisten: (account) => listening.splice(listening.indexOf(account), 1),
      publish: (account, _subject, _header, payload, subject) => {
        const said = saying.get(compiled.snapshot.accounts[account]?.name ?? "");
        if (said === undefined) return true;
        const answer = { subject, payload: answerTo(payload, said), isTooLong: false };
        take(answer as InternalMessage);
        return true;
      },
      flush: () => undefined,
    },
    accounts:
      trusted.length === 0
        ? undefined
        : {
            trusted: async (key) => trusted.find((account) => account.key === key),
            answer: async (key, worker) => {
              told.push(`${worker}: ${key}`);
              return { kind: "account" };
            },
          },
  });
  onTestFinished(() => service.close());
  return {
    service,
    told,
    listening,
    accounts: compiled.snapshot.accounts,
    /** Who is asked from now on has so long. */
    setTimeout: (ms: number) =>
      service.follow({ ...snapshot, limits: { authTimeoutMs: ms } as never }),
    /** What becomes of a login when the service of `account` says this; undefined = it is silent. */
    login: async (account: string, says: Said | undefined): Promise<string> => {
      saying.set(account, says);
      const answer: LoginAnswer = await service.ask(questionTo(account), 3);
      if (answer.kind !== "callout") return answer.kind;
      return answer.user === undefined ? answer.reason : `in ${answer.user.accountName}`;
    },
  };
}

describe("AN-64 AN-65: the service of the configuration", () => {
  const callout = { issuer: ISSUER.publicKey, account: "AUTH", authUsers: ["auth"] };

  test("is believed by the key of its issuer alone", async () => {
    const { login } = stage({ auth: { callout: { ...callout, allowedAccounts: [] } } });
    expect(await login("AUTH", { by: ISSUER, account: "RED" })).toBe("in RED");
    expect(await login("AUTH", { by: STRANGER, account: "RED" })).toMatch(/^Wrong issuer/);
    const disguised = { by: STRANGER, answerBy: ISSUER, account: "RED" };
    expect(await login("AUTH", disguised)).toMatch(/^Wrong issuer/);
    expect(await login("AUTH", { by: ISSUER, account: "GREEN" })).toMatch(/^No valid account/);
  });

  test("places users into its allowed accounts only", async () => {
    const { login } = stage({ auth: { callout: { ...callout, allowedAccounts: ["RED"] } } });
    expect(await login("AUTH", { by: ISSUER, account: "RED" })).toBe("in RED");
    expect(await login("AUTH", { by: ISSUER, account: "$G" })).toBe("in $G");
    for (const account of ["BLUE", "AUTH"]) {
      expect(await login("AUTH", { by: ISSUER, account })).toMatch(/not among the allowed/);
    }
  });

  test("GP-1: and into those with the mechanism callout, where accounts have one", async () => {
    const mixed = {
      accounts: [
        { name: "AUTH", mechanism: "static" },
        { name: "RED", mechanism: "callout" },
        { name: "BLUE", mechanism: "static" },
      ],
    } as const;
    const { login } = stage({ auth: { mixed, callout: { ...callout, allowedAccounts: [] } } });
    expect(await login("AUTH", { by: ISSUER, account: "RED" })).toBe("in RED");
    for (const account of ["BLUE", "AUTH"]) {
      expect(await login("AUTH", { by: ISSUER, account })).toMatch(/mechanism static, not callout/);
    }
    expect(await login("AUTH", { by: ISSUER, account: "$G" })).toMatch(/mechanism jwt/);
  });

  test("AN-67: has its time, and what comes later lets nobody in", async () => {
    const limited = { auth: { callout: { ...callout, allowedAccounts: [] } }, authTimeoutMs: 20 };
    const { login, service } = stage(limited);
    expect(await login("AUTH", undefined)).toMatch(/not received in time on account "AUTH"/);
    expect(service.facts()).toMatchObject({ asked: 1, late: 1, refused: 1, underWay: 0 });
    expect(await login("AUTH", { by: ISSUER, account: "RED" })).toBe("in RED");
  });
});

describe("AN-64 AN-65 AN-70: the service of an account by token", () => {
  const world = (allowed: readonly string[]) => [
    tokenAccount(AUTH, ["U-SERVICE"], allowed),
    tokenAccount(APP, ["U-OTHER"]),
    tokenAccount(PLAIN, []),
  ];

  test("places users into its account, into those that it names, and nowhere else", async () => {
    const { login, told } = stage({ trusted: world([APP.publicKey]) });
    expect(await login(AUTH.publicKey, { by: AUTH })).toBe(`in ${AUTH.publicKey}`);
    const elsewhere = { by: APP, answerBy: AUTH };
    expect(await login(AUTH.publicKey, elsewhere)).toBe(`in ${APP.publicKey}`);
    // The worker that asked knows the account before it reads the answer.
    expect(told).toEqual([`3: ${AUTH.publicKey}`, `3: ${APP.publicKey}`]);
    const forbidden = { by: PLAIN, answerBy: AUTH };
    expect(await login(AUTH.publicKey, forbidden)).toMatch(/not permitted/);
    expect(await login(APP.publicKey, { by: AUTH, answerBy: APP })).toMatch(/not permitted/);
    expect(told).toHaveLength(2);
  });

  test("is believed by the keys of its own account", async () => {
    const { login } = stage({ trusted: world(["*"]) });
    for (const answerBy of [APP, STRANGER]) {
      const judged = await login(AUTH.publicKey, { by: AUTH, answerBy });
      expect(judged).toBe("Auth callout signing key is unknown");
    }
    const stranger = { by: STRANGER, answerBy: AUTH };
    expect(await login(AUTH.publicKey, stranger)).toMatch(/^No valid account/);
    // Another account's service has no say about this one.
    expect(await login(APP.publicKey, { by: APP, answerBy: AUTH })).toMatch(/key is unknown/);
  });

  test("SA-29: with one mechanism each, not among users with tokens", async () => {
    const held = stage({ trusted: world(["*"]), oneMechanism: true });
    const among = { by: PLAIN, answerBy: AUTH };
    expect(await held.login(AUTH.publicKey, among)).toMatch(/mechanism jwt, not callout/);
    expect(await held.login(AUTH.publicKey, { by: APP, answerBy: AUTH })).toMatch(/^in A/);
    const free = stage({ trusted: world(["*"]), oneMechanism: false });
    expect(await free.login(AUTH.publicKey, among)).toBe(`in ${PLAIN.publicKey}`);
  });

  test("an account that cannot be had is asked nothing", async () => {
    const { login } = stage({ trusted: world([]) });
    expect(await login(STRANGER.publicKey, { by: STRANGER })).toMatch(/^No valid account/);
  });
});

function withKey(xkey: string, account: TrustedAccount): TrustedAccount {
  const { claims } = account;
  const authorization = { ...claims.nats.authorization, xkey };
  return { ...account, claims: { ...claims, nats: { ...claims.nats, authorization } } };
}

/** Without a turn of the loop: no timer comes between. */
async function atOnce(holds: () => boolean): Promise<void> {
  for (let step = 0; step < 1_000 && !holds(); step += 1) await null;
  expect(holds()).toBe(true);
}

describe("AN-67: many services", () => {
  const share = LIMITS.calloutsUnderWayMax / 2;
  const SILENT = "The auth callout service has not answered lately";

  test("a silent one takes neither places nor patience from that of another account", async () => {
    const trusted = [tokenAccount(AUTH, ["U"]), tokenAccount(APP, ["U"])];
    const staged = stage({ trusted, authTimeoutMs: 100 });
    const { service, login } = staged;
    const silent = (count: number) =>
      Array.from({ length: count }, () => login(AUTH.publicKey, undefined));
    const first = silent(10);
    await atOnce(() => service.facts().underWay === 10);
    staged.setTimeout(PATIENT_MS);
    void silent(share - 10);
    await atOnce(() => service.facts().underWay === share);
    expect(await login(AUTH.publicKey, { by: AUTH })).toMatch(/^Too many auth callouts/);
    expect(await login(APP.publicKey, { by: APP })).toBe(`in ${APP.publicKey}`);
    for (const refusal of await Promise.all(first)) expect(refusal).toMatch(/not received in time/);
    expect(service.facts()).toMatchObject({ state: "open", underWay: share - 10, late: 10 });
    expect(await login(AUTH.publicKey, { by: AUTH })).toBe(SILENT);
    expect(await login(APP.publicKey, { by: APP })).toBe(`in ${APP.publicKey}`);
    expect(service.facts()).toMatchObject({ state: "open", notAsked: 2 });
    // An account that comes back begins anew.
    const gone = staged.accounts.filter(({ name }) => name === AUTH.publicKey);
    service.followAccounts(gone.map((account) => ({ ...account, retired: true })));
    expect(service.facts().state).toBe("closed");
    service.followAccounts(gone);
    expect(await login(AUTH.publicKey, { by: AUTH })).toBe(`in ${AUTH.publicKey}`);
  });

  test("answers of one that has many wait for places and turns, those of another do not", async () => {
    const staged = stage({ trusted: [tokenAccount(AUTH, ["U"]), tokenAccount(APP, ["U"])] });
    const { service, login } = staged;
    const order: string[] = [];
    const follow = async (account: Signer): Promise<void> => {
      const judged = await login(account.publicKey, { by: account });
      order.push(judged);
    };
    const many = Array.from({ length: 100 }, () => follow(AUTH));
    // Each has its answer.
    await atOnce(() => service.facts().underWay === 100);
    await Promise.all([...many, follow(APP)]);
    const place = order.indexOf(`in ${APP.publicKey}`);
    expect([0, 1, 2]).toContain(place);
    expect(new Set(order.toSpliced(place, 1))).toEqual(new Set([`in ${AUTH.publicKey}`]));
    expect(service.facts()).toMatchObject({ granted: 101, underWay: 0 });
  });

  test("an answer that nobody could judge in time lets nobody in, nor is its service silent", async () => {
    const staged = stage({ trusted: [tokenAccount(AUTH, ["U"])], authTimeoutMs: 1 });
    const { service, login } = staged;
    const many = Array.from({ length: 400 }, () => login(AUTH.publicKey, { by: AUTH }));
    const judged = new Set(await Promise.all(many));
    expect(judged).toContain(
      `Authorization callout response not received in time on account "${AUTH.publicKey}"`,
    );
    const { late, granted, underWay, state } = service.facts();
    expect([late + granted, underWay, state]).toEqual([400, 0, "closed"]);
    expect(late).toBeGreaterThan(10);
  });

  test("one that could not be asked after its rest is asked later", async () => {
    const trusted: TrustedAccount[] = [tokenAccount(AUTH, ["U"])];
    const staged = stage({ trusted, authTimeoutMs: 20 });
    const { service, login } = staged;
    await Promise.all(Array.from({ length: 10 }, () => login(AUTH.publicKey, undefined)));
    staged.setTimeout(PATIENT_MS);
    await expect.poll(() => service.facts().state, { timeout: 5_000 }).toBe("half-open");
    const [good] = trusted;
    trusted[0] = withKey("no key", good as TrustedAccount);
    expect(await login(AUTH.publicKey, { by: AUTH })).toBe("The xkey seals nothing");
    trusted[0] = good as TrustedAccount;
    expect(await login(AUTH.publicKey, { by: AUTH })).toBe(`in ${AUTH.publicKey}`);
    expect(service.facts().state).toBe("closed");
  });

  test("as many accounts are listened to as there is room for, and no more", async () => {
    // Who is listened to and has such a key is not asked: that takes less time.
    const account = withKey("no key", tokenAccount(AUTH, ["U"]));
    const max = 8_192;
    const trusted = Array.from({ length: max + 2 }, (_, at) => ({ ...account, key: `A${at}` }));
    const { login, listening, service, accounts } = stage({ trusted });
    for (const { key } of trusted.slice(0, max)) {
      expect(await login(key, undefined)).toBe("The xkey seals nothing");
    }
    expect(new Set(listening).size).toBe(max);
    for (const { key } of trusted.slice(max)) {
      expect(await login(key, undefined)).toBe("too many accounts ask services");
    }
    // Those that are listened to go on.
    expect(await login("A0", undefined)).toBe("The xkey seals nothing");
    expect(listening).toHaveLength(max);
    // One that goes makes room.
    const gone = accounts.filter(({ name }) => name === "A0");
    service.followAccounts(gone.map((one) => ({ ...one, retired: true })));
    expect(listening).toHaveLength(max - 1);
    expect(await login(`A${max}`, undefined)).toBe("The xkey seals nothing");
    expect(await login(`A${max + 1}`, undefined)).toBe("too many accounts ask services");
    expect(new Set(listening).size).toBe(max);
  });
});
