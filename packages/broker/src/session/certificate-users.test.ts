// Which user a certificate stands for, with certificates made for each rule.
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import type { UserSpec } from "@weft/auth";
import { describe, expect, test } from "vitest";
import { CertificateUsers } from "./certificate-users.ts";

const FOLDER = new URL("../../../../apps/dev/src/conformance/testdata/made/", import.meta.url);

/** The user of the certificate `file` among these. */
function userOf(file: string, ...users: readonly (string | UserSpec)[]): string | undefined {
  const specs = users.map((user) => (typeof user === "string" ? { user } : user));
  const pem = readFileSync(new URL(`${file}.pem`, FOLDER));
  const peerCertificate = new X509Certificate(pem).raw;
  const facts = { version: "TLSv1.3", cipher: "", peerCertificate };
  return new CertificateUsers(specs).mapCertificate(facts, "STANDARD");
}

describe("AN-31: what is looked up, in this order", () => {
  test("e-mail addresses, DNS names, URIs, the subject", () => {
    const all = ["CN=emails", "urn:weft:emails", "dns.first.test", "mail@users.test"];
    expect(userOf("emails", ...all)).toBe("mail@users.test");
    expect(userOf("emails", ...all.slice(0, 3))).toBe("dns.first.test");
    expect(userOf("emails", ...all.slice(0, 2))).toBe("urn:weft:emails");
    expect(userOf("emails", ...all.slice(0, 1))).toBe("CN=emails");
    expect(userOf("emails", "CN=other")).toBeUndefined();
  });

  test("an address of a host names nobody", () => {
    expect(userOf("address", "10.1.2.3", "IP Address:10.1.2.3")).toBeUndefined();
    expect(userOf("address", "10.1.2.3", "CN=address")).toBe("CN=address");
  });

  test("the subject in its own order before one in another", () => {
    const exact = "cn=exact, ou=Two, ou=One, o=Weft, dc=weft, dc=test";
    const other = "DC=test,DC=weft,O=Weft,OU=One,OU=Two,CN=exact";
    expect(userOf("exact", other, exact)).toBe(exact);
    expect(userOf("exact", other)).toBe(other);
    expect(userOf("exact", "CN=exact,OU=Two,O=Weft,DC=weft,DC=test")).toBeUndefined();
  });

  test("the text with domain components before the text without", () => {
    expect(userOf("domain", "CN=domain", "CN=domain,DC=test,DC=weft")).toBe(
      "CN=domain,DC=test,DC=weft",
    );
    expect(userOf("domain", "CN=domain")).toBe("CN=domain");
    // With a type that names are not compared by, only the text counts.
    expect(userOf("domain", "CN=domain,DC=weft,DC=test")).toBeUndefined();
    expect(userOf("mixed", "CN=mixed,OU=One+OU=Two,O=Weft")).toBe("CN=mixed,OU=One+OU=Two,O=Weft");
    expect(userOf("mixed", "CN=mixed, OU=One+OU=Two, O=Weft")).toBeUndefined();
  });
});

describe("AN-32: how subjects are compared", () => {
  test("parts in another order, and parts with several values", () => {
    expect(userOf("reordered", "C=CH,CN=reordered,O=Weft")).toBe("C=CH,CN=reordered,O=Weft");
    expect(userOf("multi", "OU=Group+CN=multi,O=Weft")).toBe("OU=Group+CN=multi,O=Weft");
    expect(userOf("multi", "o=Weft,cn=multi+ou=Group")).toBe("o=Weft,cn=multi+ou=Group");
    // The text of this one is the same as if its parts were single ones, as in the reference.
    expect(userOf("multi", "CN=multi,OU=Group,O=Weft")).toBe("CN=multi,OU=Group,O=Weft");
    expect(userOf("multi", "OU=Group,CN=multi,O=Weft")).toBeUndefined();
  });

  test("escapes and other alphabets", () => {
    const written = "CN=\\#escaped\\ ,O=Weft\\, Inc. \\+ Sons";
    expect(userOf("escaped", written)).toBe(written);
    expect(userOf("escaped", "O=Weft\\2c Inc. \\2b Sons, CN=\\23escaped\\20")).toBeDefined();
    expect(userOf("accents", "CN=Zo\\C3\\AB Ångström,O=Weft")).toBeDefined();
  });

  test("values are compared exactly", () => {
    expect(userOf("secret", "CN=Secret")).toBeUndefined();
    expect(userOf("stranger", "CN=strange", "CN=stranger,O=Weft")).toBeUndefined();
  });

  test("a value that looks like more names is one value", () => {
    expect(userOf("injected", "CN=exact", "CN=x,CN=exact,O=Weft", "O=Weft,CN=x,CN=exact")).toBe(
      undefined,
    );
    expect(userOf("injected", "CN=x\\,CN=exact,O=Weft")).toBe("CN=x\\,CN=exact,O=Weft");
  });

  test("a certificate without a subject names nobody", () => {
    expect(userOf("nameless", "", " ", "CN=", "=")).toBeUndefined();
  });
});

test("AN-13: a user who may not connect in this way is passed over", () => {
  const mail: UserSpec = { user: "typed@users.test", allowedConnectionTypes: ["WEBSOCKET"] };
  expect(userOf("typed", mail)).toBeUndefined();
  expect(userOf("typed", mail, "CN=typed")).toBe("CN=typed");
  const first: UserSpec = { user: "cn=typed", allowedConnectionTypes: ["MQTT"] };
  expect(userOf("typed", first, "CN=typed")).toBe("CN=typed");
});
