// The same clients against one server's system account, and the shapes of what it says: which fields,
// of which types. Events and answers by name.

import { connectForTest } from "./client-library.ts";
import type { ServerUnderTest } from "./server-under-test.ts";
import { type Json, SystemClient, shapeOf } from "./system-client.ts";

export type Shapes = Readonly<Record<string, readonly string[]>>;

/** Requests, by the name of their shape; `{id}` is the server, `{cid}` a client of ACC. */
const REQUESTS: Readonly<Record<string, readonly [subject: string, body: string]>> = {
  PING: ["SERVER.PING", ""],
  STATSZ: ["SERVER.{id}.STATSZ", ""],
  "bad body": ["SERVER.PING.STATSZ", "{bad"],
  "wrong type": ["SERVER.PING.CONNZ", '{"limit":"x"}'],
  VARZ: ["SERVER.{id}.VARZ", ""],
  SUBSZ: ["SERVER.{id}.SUBSZ", '{"subscriptions":true,"account":"ACC","test":"x.y"}'],
  CONNZ: ["SERVER.{id}.CONNZ", '{"auth":true,"subscriptions":true,"acc":"ACC"}'],
  "CONNZ detail": ["SERVER.{id}.CONNZ", '{"subscriptions_detail":true,"cid":{cid}}'],
  "CONNZ closed": ["SERVER.{id}.CONNZ", '{"state":1,"limit":1}'],
  "CONNZ sorted badly": ["SERVER.{id}.CONNZ", '{"sort":"bad"}'],
  ROUTEZ: ["SERVER.{id}.ROUTEZ", ""],
  GATEWAYZ: ["SERVER.{id}.GATEWAYZ", ""],
  LEAFZ: ["SERVER.{id}.LEAFZ", ""],
  ACCOUNTZ: ["SERVER.{id}.ACCOUNTZ", ""],
  "ACCOUNTZ of one": ["SERVER.{id}.ACCOUNTZ", '{"account":"ACC"}'],
  JSZ: ["SERVER.{id}.JSZ", ""],
  HEALTHZ: ["SERVER.{id}.HEALTHZ", ""],
  "account INFO": ["ACCOUNT.ACC.INFO", ""],
  "account INFO of none": ["ACCOUNT.NONE.INFO", ""],
  "account CONNZ": ["ACCOUNT.ACC.CONNZ", ""],
  "account SUBSZ": ["ACCOUNT.ACC.SUBSZ", ""],
  "account LEAFZ": ["ACCOUNT.ACC.LEAFZ", ""],
  "account JSZ": ["ACCOUNT.ACC.JSZ", ""],
  "account STATZ": ["ACCOUNT.ACC.STATZ", ""],
  "account CONNS": ["ACCOUNT.ACC.CONNS", ""],
  "accounts STATZ": ["ACCOUNT.PING.STATZ", ""],
};

/** Of nats-server from 2.12 on. Those of users and connections last: a client goes by them. */
const LATER_REQUESTS: typeof REQUESTS = {
  IDZ: ["SERVER.PING.IDZ", ""],
  EXPVARZ: ["SERVER.{id}.EXPVARZ", ""],
  IPQUEUESZ: ["SERVER.{id}.IPQUEUESZ", '{"all":true}'],
  RAFTZ: ["SERVER.{id}.RAFTZ", ""],
  "HEALTHZ in detail": ["SERVER.{id}.HEALTHZ", '{"details":true}'],
  RELOAD: ["SERVER.{id}.RELOAD", ""],
  "USER INFO": ["USER.INFO", ""],
  "LDM of nobody": ["SERVER.{id}.LDM", '{"cid":999999}'],
  "LDM without a client": ["SERVER.{id}.LDM", "{}"],
  "KICK of nobody": ["SERVER.{id}.KICK", '{"cid":999999}'],
  "KICK, bad body": ["SERVER.{id}.KICK", "{bad"],
  LDM: ["SERVER.{id}.LDM", '{"cid":{cid}}'],
  KICK: ["SERVER.{id}.KICK", '{"cid":{cid}}'],
};

/** Requests of a user of ACC. */
const OWN_REQUESTS: Readonly<Record<string, string>> = {
  "own CONNZ": "$SYS.REQ.ACCOUNT.PING.CONNZ",
  "own CONNZ, as of a server": "$SYS.REQ.SERVER.PING.CONNZ",
  "own STATZ": "$SYS.REQ.ACCOUNT.PING.STATZ",
};

const OWN_LATER_REQUESTS: typeof OWN_REQUESTS = { "own USER INFO": "$SYS.REQ.USER.INFO" };

const ANSWER_MS = 2_000;

/** What an answer says beside its shape is compared where it is an error. */
function answerShape(answer: Json): string[] {
  const error = answer["error"] as Json | undefined;
  if (error === undefined) return shapeOf(answer);
  return [...shapeOf(answer), `= ${error["code"]} ${error["description"]}`];
}

/** `isLate`: with what came after 2.9. */
export async function systemShapes(server: ServerUnderTest, isLate: boolean): Promise<Shapes> {
  const shapes: Record<string, readonly string[]> = {};
  const system = await SystemClient.open(server);
  const connects = await system.events("$SYS.ACCOUNT.ACC.CONNECT");
  const disconnects = await system.events("$SYS.ACCOUNT.ACC.DISCONNECT");
  const counts = await system.events("$SYS.ACCOUNT.ACC.SERVER.CONNS");
  const oldCounts = await system.events("$SYS.SERVER.ACCOUNT.ACC.CONNS");
  const refusals = await system.events(`$SYS.SERVER.${system.id}.CLIENT.AUTH.ERR`);
  const statsz = await system.events(`$SYS.SERVER.${system.id}.STATSZ`);
  const options = { user: "acc", pass: "pw", name: "named" };
  const client = await connectForTest(server, options);
  client.subscribe("x.y");
  client.subscribe("x.y", { queue: "q" });
  await client.flush();
  shapes["event CONNECT"] = shapeOf(await connects.first(() => true));
  const isOpen = (event: Json): boolean => event["conns"] === 1;
  shapes["event CONNS"] = shapeOf(await counts.first(isOpen));
  shapes["event CONNS, old"] = shapeOf(await oldCounts.first(isOpen));
  const brief = await connectForTest(server, options);
  await brief.rtt();
  await brief.close();
  shapes["event DISCONNECT"] = shapeOf(await disconnects.first(() => true));
  await connectForTest(server, { ...options, pass: "wrong" }).catch(() => undefined);
  shapes["event AUTH.ERR"] = shapeOf(await refusals.first(() => true));
  system.connection.publish("$SYS.REQ.SERVER.PING");
  shapes["event STATSZ"] = shapeOf(await statsz.first(() => true));
  const members = await system.connection.request("$SYS.DEBUG.SUBSCRIBERS", "x.y");
  shapes["SUBSCRIBERS"] = shapeOf(members.json());
  const own = { ...OWN_REQUESTS, ...(isLate ? OWN_LATER_REQUESTS : {}) };
  for (const [name, subject] of Object.entries(own)) {
    const reply = await client.request(subject, "", { timeout: 5_000 });
    shapes[name] = answerShape(reply.json<Json>());
  }
  const requests = { ...REQUESTS, ...(isLate ? LATER_REQUESTS : {}) };
  for (const [name, [subject, body]] of Object.entries(requests)) {
    const text = body.replace("{cid}", String(client.info?.client_id));
    const answer = system.ask(subject.replace("{id}", system.id), text, ANSWER_MS);
    shapes[name] = await answer.then(answerShape, ({ name: kind }: Error) => [kind]);
  }
  const shutdown = await system.events("$SYS.SERVER.*.SHUTDOWN");
  server.kill("SIGTERM");
  shapes["event SHUTDOWN"] = shapeOf(await shutdown.first(() => true));
  return shapes;
}
