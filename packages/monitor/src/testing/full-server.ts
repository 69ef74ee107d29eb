// For tests: a server of which every page shows all that it can show. Any thread.
import type { AccountDocument } from "@weft/accounts";
import { CERTIFICATE } from "./certificate.ts";
import { FakeServer, fakeConnection, fakeFinished } from "./fake-server.ts";

const LATENCY = { samplingPercent: 10, subject: "m" } as const;

export function tokenOf(claims: object): string {
  return `e30.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.`;
}

const TOKEN = tokenOf({ sub: "X", nats: { type: "user" } });

const CLAIMED_EXPORT = { type: "service", subject: "s", token_req: true, revocations: { R: 1 } };

/** Of an account that came by a token. */
const DOCUMENT: AccountDocument = {
  updatedMs: 1e12,
  isExpired: false,
  isComplete: false,
  problems: ["p"],
  brokenImports: [{ subject: "b", account: "B", kind: "stream", problem: "p" }],
  token: "a.b.",
  issuerKey: "OKEY",
  nameTag: "tag",
  tags: ["t"],
  claimsJson: JSON.stringify({ nats: { exports: [CLAIMED_EXPORT] } }),
  findings: [{ text: "f", isBlocking: false, isAboutTime: false }],
  revokedUsers: new Map([["U", 1]]),
};

export const OTHER_DOCUMENT: AccountDocument = {
  updatedMs: 2e12,
  isExpired: true,
  isComplete: true,
  problems: ["q"],
  brokenImports: [],
  token: "c.d.",
  issuerKey: "PKEY",
  nameTag: "other",
  tags: ["u"],
  claimsJson: JSON.stringify({
    nats: {
      exports: [
        { ...CLAIMED_EXPORT, subject: "v", type: "x", token_req: false, revocations: { R: 2 } },
      ],
    },
  }),
  findings: [{ text: "g", isBlocking: true, isAboutTime: true }],
  revokedUsers: new Map([["U", 2]]),
};

export function fullServer(): FakeServer {
  const server = new FakeServer();
  const change = server.server;
  change.authRequired = true;
  change.tlsRequired = true;
  change.tlsVerify = true;
  change.connectUrls = ["1.2.3.4:4222"];
  change.tlsCertificateEndsMs = 1e12;
  const { options } = server;
  options.limits = { ...options.limits, maxSubscriptions: 9 };
  options.writeTimeout = "close";
  options.serverTags = ["a"];
  options.serverMetadata = { k: "v" };
  options.featureFlags = { f: true };
  options.trustedProxies = ["PKEY"];
  options.operator = { operators: [TOKEN], trustedKeys: [], preloads: {} };
  for (const worker of server.workers) {
    worker.counters = { ...worker.counters, pinnedAccountFails: 1 };
  }
  const one = fakeConnection(1);
  Object.assign(one.facts, {
    user: "ann",
    account: "A",
    name: "n",
    language: "go",
    version: "1",
    tlsVersion: "TLSv1.3",
    tlsCipher: "C",
    tlsFirst: true,
    tlsPeerSubject: "CN=x",
    tlsPeerCertificate: CERTIFICATE,
    token: { issuerKey: "AKEY", accountTag: "tag", tags: ["t"] },
    proxy: "PKEY",
  });
  one.figures.stalls = 3;
  server.open = [one];
  const entry = { clientId: 1, account: 2, sid: "1", delivered: 4, max: 5 };
  server.subscriptions = [{ ...entry, subject: "a", queue: "q" }];
  server.tokens.set(1, TOKEN);
  const facts = JSON.stringify(one.facts);
  server.finished = [{ ...fakeFinished(2), facts, stalls: 1, tokenText: TOKEN }];
  server.slow = [{ ...fakeFinished(3, "Slow Consumer (Pending Bytes)"), stalls: 1 }];
  server.finishedByReason.set("Client Closed", 1);
  server.accounts.push({
    index: 2,
    name: "A",
    isSystem: false,
    mappings: [{ source: "m", destinations: [{ subject: "n", cluster: "c" }] }],
    spec: {
      name: "A",
      exports: [{ kind: "service", subject: "s", accounts: ["B"], latency: LATENCY }],
      imports: [{ kind: "service", account: "C", subject: "i", to: "j", share: true }],
    },
    claims: () => DOCUMENT,
  });
  const measured = { kind: "service", subject: "i", latency: LATENCY } as const;
  const exporter = { name: "C", exports: [measured] };
  server.accounts.push({ index: 3, name: "C", isSystem: false, mappings: [], spec: exporter });
  server.requestStats.set("/varz", 1);
  server.queues.set("q", { pending: 1, inProgress: 1 });
  server.notListening = "no";
  return server;
}
