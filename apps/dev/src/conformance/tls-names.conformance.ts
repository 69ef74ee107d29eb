// Clients whose certificate is their name (AN-30 to AN-33): each certificate is made for one rule.
// Must stay true: who a client became is seen by what it may publish, not by what a log says.

import { readFileSync } from "node:fs";
import type { ConnectionOptions } from "node:tls";
import { describe, expect, it } from "vitest";
import type { RawClient } from "./raw-client.ts";
import { describeWithWorkers, isAtLeast, isOtherServer } from "./server-under-test.ts";
import { certificates, made } from "./testdata/certificates.ts";
import { loggedIn, refused, upgraded, useServers } from "./tls-client.ts";

/** Users by name; each may publish to one subject of its own. */
const USERS = [
  "mail@users.test",
  "dns.first.test",
  "CN=emails",
  "urn:weft:dns",
  "dns.users.test",
  "CN=dns,O=Weft",
  "spiffe://weft.test/uri",
  "CN=uri",
  "10.1.2.3",
  "CN=address",
  "DC=test,DC=weft,O=Weft,OU=One,OU=Two,CN=exact",
  "cn=exact, ou=Two, ou=One, o=Weft, dc=weft, dc=test",
  "C=CH, CN=reordered, O=Weft",
  "OU=Group+CN=multi,O=Weft",
  "CN=\\#escaped\\ ,O=Weft\\, Inc. \\+ Sons",
  "CN=Zo\\C3\\AB Ångström,O=Weft",
  "CN=domain",
  "CN=domain,DC=test,DC=weft",
  "CN=mixed,OU=One+OU=Two,O=Weft",
  "CN=typed",
  "CN=exact",
  "CN=Stranger",
  "CN=x,CN=exact,O=Weft",
] as const;
type UserName = (typeof USERS)[number];

/** Certificate -> the user that it stands for. */
const EXPECTED: readonly (readonly [string, UserName, string])[] = [
  ["emails", "mail@users.test", "the second e-mail address, before DNS names and the subject"],
  ["dns", "dns.users.test", "the DNS name, before the URI in front of it"],
  ["uri", "spiffe://weft.test/uri", "the URI, before the subject"],
  ["address", "CN=address", "the subject: an address of a host is no name"],
  ["exact", "cn=exact, ou=Two, ou=One, o=Weft, dc=weft, dc=test", "the subject in its order"],
  ["reordered", "C=CH, CN=reordered, O=Weft", "the subject in another order"],
  ["multi", "OU=Group+CN=multi,O=Weft", "a part with several values"],
  ["escaped", "CN=\\#escaped\\ ,O=Weft\\, Inc. \\+ Sons", "escaped characters"],
  ["accents", "CN=Zo\\C3\\AB Ångström,O=Weft", "other alphabets, escaped or not"],
  ["domain", "CN=domain,DC=test,DC=weft", "the text with domain components behind"],
  ["mixed", "CN=mixed,OU=One+OU=Two,O=Weft", "the text in its own order of types"],
  ["typed", "CN=typed", "the next one, when a user may not connect in this way"],
];

function config(): string {
  const users = USERS.map(
    (name, index) =>
      `{ user: '${name}', permissions: { publish: "who.${index}", subscribe: "who.*" } }`,
  );
  users.push("{ user: 'CN=secret', password: 'right', permissions: { publish: 'who.secret' } }");
  users.push("{ user: 'typed@users.test', allowed_connection_types: ['WEBSOCKET'] }");
  return `tls {
      cert_file: "${certificates.server}"
      key_file: "${certificates.serverKey}"
      ca_file: "${made("ca")}"
      verify_and_map: true
      timeout: 10
    }
    authorization { users: [ ${users.join("\n")} ] }`;
}

function shows(name: string): ConnectionOptions {
  const pem = readFileSync(made(name));
  return { cert: pem, key: pem };
}

/** Names of the users that the client is allowed to be. */
async function whoIs(client: RawClient): Promise<string[]> {
  client.send("SUB who.* 1\r\n");
  for (const index of USERS.keys()) client.send(`PUB who.${index} 0\r\n\r\n`);
  await client.ping();
  return [...client.received.matchAll(/^MSG who\.(\d+) /gm)].map(
    ([, index]) => USERS[Number(index)] ?? "",
  );
}

describeWithWorkers("TLS names", (workers) => {
  const server = useServers({ mapped: { workers, config: config() } });
  const port = (): number => server("mapped").port;

  describe("AN-31 AN-32: a certificate stands for", () => {
    it.each(EXPECTED)("%s: %s: %s", async (file, user) => {
      const { client } = await loggedIn(port(), shows(file));
      expect(await whoIs(client)).toEqual([user]);
    });
  });

  it("AN-32: nobody whose values differ, or who has none", async () => {
    await refused(port(), shows("stranger"));
    await refused(port(), shows("nameless"));
    // A value that reads like more names; the older reference prints it as if it were.
    await refused(port(), shows("injected"));
  });

  it("AN-30: what CONNECT says does not make a client somebody else", async () => {
    const fields = { user: "mail@users.test", pass: "" };
    const { client } = await loggedIn(port(), shows("dns"), fields);
    expect(await whoIs(client)).toEqual(["dns.users.test"]);
    await refused(port(), shows("stranger"), fields);
  });

  it("AN-30: a user with a password has to know it as well", async () => {
    await refused(port(), shows("secret"));
    await refused(port(), shows("secret"), { user: "CN=secret", pass: "wrong" });
    await loggedIn(port(), shows("secret"), { pass: "right" });
  });

  it("AN-33 AN-36: nobody comes in without a certificate of that authority", async () => {
    const fields = { user: "CN=secret", pass: "right" };
    await refused(port(), {}, fields);
    const foreign = {
      cert: readFileSync(certificates.client),
      key: readFileSync(certificates.clientKey),
    };
    await refused(port(), foreign, fields);
    if (!isOtherServer) expect(server("mapped").stderr).toContain("TLS handshake error");
  });

  it.each(["TLSv1.2", "TLSv1.3"] as const)(
    "AN-31: a resumed session is the same user, %s",
    async (version) => {
      const options = { ...shows("dns"), minVersion: version, maxVersion: version };
      const first = await upgraded(port(), options);
      const ticket = new Promise<Buffer>((resolve) => first.socket.once("session", resolve));
      await first.client.login();
      const session = await ticket;
      // Whatever worker it comes to.
      for (let count = 0; count < 4; count += 1) {
        const { client, socket } = await loggedIn(port(), { ...options, session });
        if (isAtLeast("2.10")) expect(socket.isSessionReused()).toBe(true);
        expect(await whoIs(client)).toEqual(["dns.users.test"]);
      }
    },
  );
});
