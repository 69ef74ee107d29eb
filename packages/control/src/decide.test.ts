// What is done about a request: subjects, bodies and who asks.
import { describe, expect, test } from "vitest";
import { decide, type ServiceRequest } from "./decide.ts";
import { type Service, servedSubjects } from "./services.ts";

const SERVER = { name: "here", host: "127.0.0.1" };

function request(service: Service, subject: string, body = "", more: Partial<ServiceRequest> = {}) {
  const payload = Buffer.from(body);
  return decide(
    { service, subject, reply: "r", payload, isTooLong: false, origin: undefined, ...more },
    SERVER,
  );
}

describe("requests", () => {
  test("SY-20, SY-21: every subject once, for all servers and for this one", () => {
    const filters = servedSubjects("NID").map(({ filter }) => filter);
    expect(new Set(filters).size).toBe(filters.length);
    const names = ["IDZ", "STATSZ", "VARZ", "SUBSZ", "CONNZ", "ROUTEZ", "GATEWAYZ", "LEAFZ"];
    names.push("ACCOUNTZ", "JSZ", "HEALTHZ", "PROFILEZ", "EXPVARZ", "IPQUEUESZ", "RAFTZ");
    for (const name of names) {
      expect(filters).toContain(`$SYS.REQ.SERVER.PING.${name}`);
      expect(filters).toContain(`$SYS.REQ.SERVER.NID.${name}`);
    }
  });

  test("SY-25: options of CONNZ go to its page", () => {
    const options = { subscriptions_detail: true, state: 2, cid: 4, filter_subject: "a.>" };
    const asked = request({ kind: "page", name: "CONNZ" }, "s", JSON.stringify(options));
    expect(asked).toEqual({ kind: "page", name: "CONNZ", options });
  });

  test("SY-31, SY-33: the subject's account counts, whatever the body says", () => {
    const body = JSON.stringify({ acc: "OTHER", account: "OTHER", subscriptions: false });
    const ask = (name: "CONNZ" | "SUBSZ" | "JSZ" | "LEAFZ") =>
      request({ kind: "account-page", name }, `$SYS.REQ.ACCOUNT.MINE.${name}`, body);
    expect(ask("CONNZ")).toMatchObject({ options: { acc: "MINE" } });
    expect(ask("SUBSZ")).toMatchObject({ options: { account: "MINE", subscriptions: true } });
    expect(ask("LEAFZ")).toMatchObject({ options: { account: "MINE" } });
    expect(ask("JSZ")).toEqual({ kind: "account-streams", account: "MINE" });
    const statz = '{"accounts":["OTHER"],"include_unused":true}';
    expect(request({ kind: "account-statz" }, "$SYS.REQ.ACCOUNT.MINE.STATZ", statz)).toEqual({
      kind: "account-statz",
      accounts: ["MINE"],
      includesUnused: true,
    });
    expect(request({ kind: "accounts-statz" }, "$SYS.REQ.ACCOUNT.PING.STATZ", statz)).toEqual({
      kind: "account-statz",
      accounts: ["OTHER"],
      includesUnused: true,
    });
    expect(request({ kind: "account-statz" }, "$SYS.REQ.ACCOUNT.PING.STATZ")).toEqual({
      kind: "silence",
    });
  });

  test("SY-23: a request for another server is silence, also where it orders something", () => {
    const body = '{"server_name":"elsewhere","cid":1}';
    const services: Service[] = [
      { kind: "page", name: "VARZ" },
      { kind: "statsz" },
      { kind: "reload" },
      { kind: "kick" },
      { kind: "profile" },
    ];
    for (const service of services) expect(request(service, "s", body).kind).toBe("silence");
  });

  test("SY-20: STATSZ without a reply goes to everybody; all else is silence", () => {
    const nobody = { reply: "" };
    expect(request({ kind: "statsz" }, "s", "", nobody)).toEqual({
      kind: "statsz",
      toEverybody: true,
    });
    for (const { service } of servedSubjects("NID")) {
      if (service.kind === "statsz") continue;
      expect(request(service, "$SYS.REQ.ACCOUNT.A.X", '{"cid":1}', nobody)).toEqual({
        kind: "silence",
      });
    }
  });

  test("SY-30: KICK and LDM name a connection, or nothing is answered", () => {
    expect(request({ kind: "kick" }, "s", '{"cid":7}')).toEqual({ kind: "kick", clientId: 7 });
    expect(request({ kind: "lame-duck" }, "s", "{}")).toEqual({ kind: "lame-duck", clientId: 0 });
    for (const body of ["", "x", '{"cid":"7"}', '{"cid":-1}']) {
      expect(request({ kind: "kick" }, "s", body).kind).toBe("silence");
    }
  });

  test("SY-35: the subscribers of who passed the request on, else of who asked", () => {
    const service: Service = { kind: "subscribers" };
    const ask = (origin: ServiceRequest["origin"]) => request(service, "s", " a.b q ", { origin });
    expect(ask(undefined)).toMatchObject({ account: undefined, filter: "a.b", queue: "q" });
    expect(ask({ acc: "A" })).toMatchObject({ account: "A" });
    expect(ask({ acc: "A", svc: "B" })).toMatchObject({ account: "B" });
  });

  test("SY-34: a sum for another server names its account and a queue in base64", () => {
    const body = JSON.stringify({
      acc: "A",
      subject: "x",
      queue: Buffer.from("q").toString("base64"),
    });
    expect(request({ kind: "subscribers-sum" }, "s", body)).toEqual({
      kind: "subscribers",
      account: "A",
      filter: "x",
      queue: "q",
    });
    expect(request({ kind: "subscribers-sum" }, "s").kind).toBe("silence");
  });

  test("a body that was too long is refused", () => {
    const asked = request({ kind: "page", name: "VARZ" }, "s", "", { isTooLong: true });
    expect(asked).toMatchObject({ kind: "refuse", code: 413 });
  });
});
