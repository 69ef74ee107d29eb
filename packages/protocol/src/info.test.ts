// The server's INFO (CP-02 to CP-04, CP-10, CP-17) and a client's (CP-51).

import { describe, expect, test } from "vitest";
import { encodeInfo, isInfoArgument, type ServerInfo } from "./info.ts";

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
