// The server's INFO (CP-02 to CP-04, CP-10, CP-17) and a client's (CP-51).

import { describe, expect, test } from "vitest";
import { encodeInfo, InfoTemplate, isInfoArgument, type ServerInfo } from "./info.ts";

const LEAST: ServerInfo = {
  server_id: "NID",
  server_name: "name",
  version: "2.14.0",
  proto: 1,
  go: "node24",
  host: "0.0.0.0",
  port: 4222,
  headers: true,
  max_payload: 1048576,
};

describe("encodeInfo", () => {
  test("CP-02 fields in wire order, whatever the order of the object; undefined left out", () => {
    const info: ServerInfo = { auth_required: true, nonce: undefined, ...LEAST };
    expect(encodeInfo(info).toString()).toBe(
      'INFO {"server_id":"NID","server_name":"name","version":"2.14.0","proto":1,"go":"node24",' +
        '"host":"0.0.0.0","port":4222,"headers":true,"auth_required":true,' +
        '"max_payload":1048576}\r\n',
    );
  });

  test("CP-03, CP-04, CP-10 every field is sent", () => {
    const info: Required<ServerInfo> = {
      ...LEAST,
      git_commit: "abc",
      auth_required: true,
      tls_required: true,
      tls_verify: true,
      tls_available: true,
      jetstream: true,
      ip: "1.2.3.4",
      client_id: 7,
      client_ip: "127.0.0.1",
      nonce: "n",
      cluster: "c",
      cluster_dynamic: true,
      domain: "d",
      connect_urls: ["a:1", "b:2"],
      ws_connect_urls: ["a:3"],
      ldm: true,
      compression: "off",
      connect_info: true,
      remote_account: "$G",
      acc_is_sys: true,
      api_lvl: 5,
      xkey: "X",
      weft_version: "0.1.0",
    };
    const line = encodeInfo(info).toString();
    expect(JSON.parse(line.slice("INFO ".length))).toEqual(info);
    expect(line.endsWith("}\r\n")).toBe(true);
    expect(line.indexOf("\r\n")).toBe(line.length - 2);
  });

  test("a line end in a name stays within the JSON", () => {
    const line = encodeInfo({ ...LEAST, server_name: "a\r\nPING" }).toString();
    expect(line.indexOf("\r\n")).toBe(line.length - 2);
  });
});

describe("InfoTemplate", () => {
  const shared: ServerInfo = { ...LEAST, connect_urls: ["a:1"], ldm: true, weft_version: "0.1.0" };

  test.each([
    ["127.0.0.1", ""],
    ["2001:db8::1", "bm9uY2U_-"],
    ['fe80::1%"\u00e9\n', "n"],
    ["", ""],
  ])("CP-02, CP-04 client %s, nonce %s: the same line as without a template", (ip, nonce) => {
    const info: ServerInfo = {
      ...shared,
      client_id: 4_000_000_001,
      client_ip: ip,
      nonce: nonce === "" ? undefined : nonce,
    };
    const template = new InfoTemplate({ ...shared, client_id: 1, client_ip: "x", nonce: "y" });
    expect(template.encode(4_000_000_001, ip, nonce).toString()).toBe(encodeInfo(info).toString());
    const own = { clientId: 4_000_000_001, clientIp: ip, nonce };
    expect(encodeInfo({ template, ...own })).toEqual(encodeInfo(info));
  });

  test("CP-10 with nothing behind the client's own fields", () => {
    const line = new InfoTemplate(LEAST).encode(7, "127.0.0.1", "");
    expect(line.toString()).toBe(
      encodeInfo({ ...LEAST, client_id: 7, client_ip: "127.0.0.1" }).toString(),
    );
  });
});

describe("isInfoArgument", () => {
  test.each([
    ["{}", true],
    ["null", true],
    ['{"server_id":"x","connect_urls":["a",null],"unknown":[1]}', true],
    ['{"server_id":1}', false],
    ['{"connect_urls":"a"}', false],
    ["x", false],
    ["[]", false],
    ["", false],
  ])("CP-51 %s", (text, good) => {
    expect(isInfoArgument(Buffer.from(text))).toBe(good);
  });
});
