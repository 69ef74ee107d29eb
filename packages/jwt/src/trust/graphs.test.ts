// Random operators, accounts and users: the judge of the package against a plain one that shares no
// code with it (attacks 23, 24, 27). 1,000 graphs, 100,000 under WEFT_DEEP=1.
import { compilePermissions } from "@weft/auth";
import { createPrng } from "@weft/base";
import { expect, test } from "vitest";
import { claimsToJson } from "../encode.ts";
import { judge } from "../testing/graph-judge.ts";
import type { JudgedAccount, JudgedOperator, JudgedUser } from "../testing/judged-tokens.ts";
import { GraphMaker, type RandomGraph } from "../testing/random-graph.ts";
import { verifier } from "../testing/reading.ts";
import { testKey } from "../testing/test-keys.ts";
import { judgeUser } from "./judge-user.ts";
import { trustOperators } from "./operators.ts";

const NOW_MS = Date.UTC(2026, 10, 23, 9, 30, 15, 250);
const NONCE = Buffer.from("the nonce of this connection");
const PROBES = [
  "a",
  "a.b",
  "a.c",
  "a.b.c",
  "b.x.c",
  "user.x",
  "dept.a",
  "dept.b",
  "dept.a.in",
  "dept.a.r",
  "eu.a.q",
  "x.y",
  "z",
  `${testKey("user", 0).publicKey}.in`,
  `x.${testKey("account", 0).publicKey}`,
];
const IS_DEEP = process.env["WEFT_DEEP"] === "1";
const GRAPHS = IS_DEEP ? 100_000 : 1_000;
const TIMEOUT_MS = IS_DEEP ? 3_600_000 : 120_000;

const bodyOf = (token: string) =>
  JSON.parse(Buffer.from(token.split(".")[1] as string, "base64url").toString()) as unknown;

function bothVerdicts(graph: RandomGraph) {
  const { connection, operators, accountToken, userToken } = graph;
  const { type, host, signer, viaProxy } = connection;
  const verdict = judgeUser(
    userToken,
    accountToken,
    trustOperators(operators),
    NOW_MS,
    {
      connectionType: type,
      host,
      nonce: NONCE,
      signature: signer && Buffer.from(signer.sign(NONCE)).toString("base64url"),
      timeZone: "UTC",
      viaTrustedProxy: viaProxy,
    },
    verifier,
  );
  const expected = judge(
    bodyOf(userToken) as JudgedUser,
    bodyOf(accountToken) as JudgedAccount,
    operators.map((one) => JSON.parse(claimsToJson(one)) as JudgedOperator),
    NOW_MS,
    { type, host, signedBy: signer?.publicKey ?? "", viaProxy },
  );
  return { verdict, expected };
}

test(
  `AN-43 to AN-53: ${GRAPHS} random graphs, decided alike by an independent judge`,
  () => {
    const maker = new GraphMaker(createPrng(2026), NOW_MS / 1_000 - 0.25);
    const reasons = new Map<string, number>();
    let admitted = 0;
    for (let round = 0; round < GRAPHS; round += 1) {
      const graph = maker.next();
      const { verdict, expected } = bothVerdicts(graph);
      const shown = () =>
        JSON.stringify({
          round,
          verdict,
          expected,
          user: bodyOf(graph.userToken),
          account: bodyOf(graph.accountToken),
        });
      if (verdict.ok !== (expected !== undefined)) throw new Error(shown());
      if (!verdict.ok) {
        reasons.set(verdict.refusal.reason, (reasons.get(verdict.refusal.reason) ?? 0) + 1);
        continue;
      }
      if (expected === undefined) continue;
      admitted += 1;
      const { identity } = verdict;
      const permissions = compilePermissions(identity.permissions);
      for (const probe of PROBES) {
        const isSame =
          permissions.publishAllowed(probe) === expected.canPublish(probe) &&
          (permissions.subscribeVerdict(probe, undefined) !== "deny") ===
            expected.canSubscribe(probe);
        if (!isSame) throw new Error(`${probe} ${shown()}`);
      }
      const own = [
        identity.subscriptionsMax ?? -1,
        identity.payloadBytesMax ?? -1,
        identity.expiresAtMs ?? Number.POSITIVE_INFINITY,
      ];
      if (own.join() !== [expected.subs, expected.payload, expected.untilMs].join()) {
        throw new Error(shown());
      }
    }
    expect(admitted).toBeGreaterThan(GRAPHS / 5);
    expect(reasons.size).toBeGreaterThan(12);
  },
  TIMEOUT_MS,
);
