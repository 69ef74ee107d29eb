// INFO, the first words and the later ones: fields, types, and when they are there.
import { describe, expect, it } from "vitest";
import { rawForTest } from "./raw-client.ts";
import {
  describeWithWorkers,
  itSince,
  itWeft,
  serverForTest,
  useServer,
} from "./server-under-test.ts";

describeWithWorkers("INFO", (workers) => {
  const server = useServer({ workers, config: 'server_name: "the-name"\nmax_payload: 4096' });

  it("CP-01 CP-02: names the server, the same for all connections", async () => {
    const clients = await Promise.all([0, 1, 2, 3].map(() => rawForTest(server().port)));
    const infos = await Promise.all(clients.map((client) => client.info()));
    for (const info of infos) {
      expect(info).toMatchObject({
        server_id: expect.stringMatching(/^N[A-Z2-7]{55}$/) as string,
        server_name: "the-name",
        version: expect.stringMatching(/^\d+\.\d+\.\d+/) as string,
        go: expect.any(String) as string,
        host: "127.0.0.1",
        port: server().port,
        proto: 1,
      });
    }
    expect(new Set(infos.map((info) => info["server_id"])).size).toBe(1);
  });

  it("CP-03: says what the server can, and nothing of other listeners (CP-17)", async () => {
    const info = await (await rawForTest(server().port)).info();
    expect(info).toMatchObject({ headers: true, max_payload: 4096 });
    for (const absent of ["auth_required", "tls_required", "tls_verify", "jetstream", "nonce"]) {
      expect(info[absent] ?? false, absent).toBe(false);
    }
    for (const key of Object.keys(info))
      expect(key).not.toMatch(/^(?:gateway_|leafnode_|lnoc|import|export)/);
  });

  it("CK-24 CP-27: no headers where they are switched off", async () => {
    const without = await serverForTest({ workers, config: "no_header_support: true" });
    const info = await (await rawForTest(without.port)).info();
    expect(info["headers"] ?? false).toBe(false);
    const client = await (await rawForTest(without.port)).login({ headers: true });
    client.send("HPUB x 14 14\r\nNATS/1.0\r\nA:\r\n\r\n");
    await client.waitForClose();
  });

  itWeft("CP-02 OT-21: the version is the level of the protocol", async () => {
    const info = await (await rawForTest(server().port)).info();
    expect(info["version"]).toBe("2.14.0");
  });

  it("CP-04: tells each client its own number and address", async () => {
    const clients = await Promise.all(Array.from({ length: 8 }, () => rawForTest(server().port)));
    const infos = await Promise.all(clients.map((client) => client.info()));
    const numbers = infos.map((info) => info["client_id"]);
    for (const number of numbers) expect(Number.isSafeInteger(number)).toBe(true);
    expect(new Set(numbers).size).toBe(8);
    for (const info of infos) expect(info["client_ip"]).toBe("127.0.0.1");
  });

  itSince("2.11", "CP-10: a second one follows the first PONG and names the account", async () => {
    const client = await rawForTest(server().port);
    await client.info();
    client.sendConnect({ protocol: 1 });
    client.send("PING\r\n");
    const match = await client.waitFor(/^PONG\r\nINFO (\{.*\}) ?\r\n/m);
    const info = JSON.parse(match[1] ?? "{}") as Record<string, unknown>;
    expect(info).toMatchObject({ connect_info: true, remote_account: "$G" });
    await client.ping();
    expect(client.received.match(/INFO /g)).toHaveLength(2);
  });

  it("CP-10: clients of protocol 0 get no second one", async () => {
    const client = await rawForTest(server().port);
    await client.info();
    client.sendConnect({ protocol: 0 });
    await client.ping();
    await client.ping();
    expect(client.received.match(/INFO /g)).toHaveLength(1);
  });

  it("CP-68: one byte at a time is understood as well", async () => {
    const client = await rawForTest(server().port);
    await client.info();
    const text =
      'CONNECT {"verbose":true}\r\nSUB slow.* 1\r\nPUB slow.a reply 5\r\nhe\r\no\r\nPING\r\n';
    for (const character of text) {
      client.send(character);
      // Each byte leaves on its own.
      await new Promise((resolve) => setImmediate(resolve));
    }
    await client.waitFor(/MSG slow\.a 1 reply 5\r\nhe\r\no\r\n[\s\S]*PONG\r\n/);
  });

  it("CP-69: 1,000 operations in one piece are answered in order", async () => {
    const client = await rawForTest(server().port);
    await client.login();
    client.send("SUB pipe 1\r\n");
    const numbers = Array.from({ length: 1_000 }, (_, index) => `${1_000 + index}`);
    client.send(`${numbers.map((n) => `PUB pipe 4\r\n${n}\r\n`).join("")}PING\r\n`);
    const match = await client.waitFor(/((?:MSG pipe 1 4\r\n\d+\r\n)+)PONG\r\n/);
    expect(match[1]?.match(/^\d{4}(?=\r)/gm)).toEqual(numbers);
  });

  it("CP-47: a client without headers gets the message without them", async () => {
    const [plain, publisher] = [await rawForTest(server().port), await rawForTest(server().port)];
    await plain.login({ headers: false });
    plain.send("SUB both 7\r\n");
    await plain.ping();
    await publisher.login();
    publisher.send("SUB both 8\r\nHPUB both 18 20\r\nNATS/1.0\r\na: b\r\n\r\nhi\r\n");
    await publisher.waitFor(/HMSG both 8 18 20\r\nNATS\/1\.0\r\na: b\r\n\r\nhi\r\n/);
    await plain.waitFor(/^MSG both 7 2\r\nhi\r\n/m);
  });

  describe("with accounts", () => {
    const accounts = useServer({
      workers,
      config: "accounts { ONE { users: [ { user: ruth, password: pw } ] } }",
    });
    const open = useServer({
      workers,
      config: `no_auth_user: nobody
        accounts {
          ONE { users: [ { user: ruth, password: pw } ] }
          OPEN { users: [ { user: nobody, password: pw } ] }
        }`,
    });

    itSince("2.11", "AN-20: names the account of the user", async () => {
      const client = await rawForTest(accounts().port);
      await client.info();
      client.sendConnect({ user: "ruth", pass: "pw" });
      client.send("PING\r\n");
      const match = await client.waitFor(/^PONG\r\nINFO (\{.*\}) ?\r\n/m);
      expect(JSON.parse(match[1] ?? "{}")).toMatchObject({ remote_account: "ONE" });
    });

    itSince(
      "2.12",
      "CP-29: a second CONNECT logs in again and drops the subscriptions",
      async () => {
        const client = await rawForTest(accounts().port);
        await client.login({ user: "ruth", pass: "pw" });
        client.send("SUB x 1\r\n");
        await client.login({ user: "ruth", pass: "pw" });
        client.send("PUB x 2\r\nhi\r\nPING\r\n");
        await client.waitFor(/PONG\r\n/);
        expect(client.received).not.toContain("MSG x");
      },
    );

    itSince("2.14", "CP-29 CP-32: so does the first, behind a `no_auth_user`", async () => {
      const client = await rawForTest(open().port);
      client.send("SUB x 1\r\nSUB > 2\r\nPING\r\n");
      await client.waitFor(/PONG\r\n/);
      await client.login({ user: "ruth", pass: "pw" });
      const nobody = await rawForTest(open().port);
      nobody.send("PUB x 3\r\nold\r\nPING\r\n");
      await nobody.waitFor(/PONG\r\n/);
      client.send("SUB x 1\r\nPUB x 2\r\nhi\r\nPING\r\n");
      await client.waitFor(/hi\r\nPONG\r\n/);
      expect(client.received.match(/^MSG/gm)).toHaveLength(1);
      expect(client.received).not.toContain("old");
    });
  });
});
