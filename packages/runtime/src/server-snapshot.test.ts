// What workers are told, from what the configuration says.
import { decodePublicKey } from "@weft/auth";
import { defaultOptions } from "@weft/config";
import { expect, test } from "vitest";
import { createServerKeys } from "./identity.ts";
import { refusalText } from "./refusal-text.ts";
import { brokerLimits, brokerSnapshot, clientListener, serverIdentity } from "./server-snapshot.ts";
import { tls } from "./testing/tls-options.ts";

const OPTIONS = defaultOptions();

test("CP-02, CP-03: ids are public keys, fresh for each start", () => {
  const [one, two] = [createServerKeys(), createServerKeys()];
  expect(decodePublicKey(one.id)).toMatchObject({ ok: true, kind: "server" });
  expect(decodePublicKey(one.curveId)).toMatchObject({ ok: true, kind: "curve" });
  expect(one.id).not.toBe(two.id);
});

test("CP-02: the name is the id unless given; CP-08: an advertised address replaces the own", () => {
  const keys = createServerKeys();
  expect(serverIdentity(OPTIONS, keys, 4222)).toMatchObject({
    name: keys.id,
    host: "0.0.0.0",
    port: 4222,
  });
  const advertised = (clientAdvertise: string): unknown => {
    const { host, port } = serverIdentity({ ...OPTIONS, clientAdvertise }, keys, 4222);
    return [host, port];
  };
  expect(advertised("a.example:5")).toEqual(["a.example", 5]);
  expect(advertised("a.example")).toEqual(["a.example", 4222]);
  expect(advertised("[::1]:7")).toEqual(["::1", 7]);
});

test("limits: 0 means no bound where the options say so", () => {
  expect(brokerLimits(OPTIONS)).toMatchObject({
    subscriptionsMax: -1,
    subscriptionTokensMax: -1,
    connectionsMax: 65_536,
    headers: true,
  });
});

test("CP-18, CP-19, TL-10: the listener's kind of TLS", () => {
  expect(clientListener(OPTIONS).tls).toBe("off");
  const secure = { ...OPTIONS, tls: tls() };
  expect(clientListener(secure)).toMatchObject({ tls: "required", handshakeFirst: false });
  expect(clientListener({ ...secure, allowNonTls: true }).tls).toBe("available");
  const first = { ...tls(), handshakeFirst: true } as const;
  expect(clientListener({ ...OPTIONS, tls: first, allowNonTls: true }).tls).toBe("required");
  const auto = { ...tls(), handshakeFirst: { fallbackMs: 50 } };
  expect(clientListener({ ...OPTIONS, tls: auto }).handshakeFirst).toBe(50);
});

test("CP-15: a refused client reads INFO first, unless it would speak TLS first", () => {
  const accounts = {
    accounts: [],
    hasSystemAccount: true,
    streamImports: [],
    serviceImports: [],
  };
  const server = serverIdentity(OPTIONS, createServerKeys(), 4222);
  const snapshot = brokerSnapshot(OPTIONS, accounts, server);
  const line = "-ERR 'maximum connections exceeded'\r\n";
  expect(refusalText(snapshot, snapshot.listeners[0]!)).toMatch(/^INFO \{.*\}\r\n-ERR 'max/);
  const first = { ...snapshot.listeners[0]!, tls: "required", handshakeFirst: true } as const;
  expect(refusalText(snapshot, first)).toBe(line);
});
