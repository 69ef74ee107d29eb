// Names in certificates, from their bytes (AN-31).
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { certificateNames } from "./certificate-names.ts";
import {
  certificateBytes,
  type TestAttribute,
  type TestNames,
} from "./testing/certificate-bytes.ts";

function namesOf(names: TestNames) {
  const found = certificateNames(certificateBytes(names));
  if (found === undefined) throw new Error("these are the bytes of a certificate");
  return found;
}

function subjectOf(...subject: readonly (readonly TestAttribute[])[]) {
  return namesOf({ subject });
}

test("AN-31: alternative names by kind, in their order", () => {
  const alternatives = [
    [0x82, "b.test"],
    [0x86, "urn:a,b"],
    [0x81, "two@a.test"],
    [0x87, "\x0a\x01\x02\x03"],
    [0x82, "a.test"],
    [0x81, "one@a.test"],
  ] as const;
  const names = namesOf({ subject: [[["CN", "x"]]], alternatives });
  expect(names.emails).toEqual(["two@a.test", "one@a.test"]);
  expect(names.dnsNames).toEqual(["b.test", "a.test"]);
  expect(names.uris).toEqual(["urn:a,b"]);
  expect(subjectOf([["CN", "x"]])).toMatchObject({ emails: [], dnsNames: [], uris: [] });
});

describe("AN-31: the subject", () => {
  test("as a name, the most significant part last", () => {
    const { subject } = subjectOf(
      [["O", "a, b"]],
      [
        ["CN", "x"],
        ["OU", "y"],
      ],
      [],
    );
    expect(subject).toEqual([
      [
        { type: "CN", value: "x" },
        { type: "OU", value: "y" },
      ],
      [{ type: "O", value: "a, b" }],
    ]);
  });

  test("is not compared with an attribute of a type that names are not compared by", () => {
    const names = subjectOf([["UID", "7"]], [["CN", "x"]]);
    expect(names.subject).toBeUndefined();
    expect(names.subjectText).toBe("CN=x");
    expect(subjectOf().subject).toBeUndefined();
    expect(subjectOf().subjectText).toBe("");
  });

  test("as text has an order of its own, with values of one type in one part", () => {
    const names = subjectOf(
      [["CN", "first"]],
      [["OU", "1"]],
      [["O", "o"]],
      [["C", "c"]],
      [
        ["OU", "2"],
        ["L", "l"],
      ],
      [
        ["STREET", "s"],
        ["POSTALCODE", "p"],
        ["ST", "st"],
      ],
      [["SERIALNUMBER", "n"]],
      [["CN", "last"]],
    );
    expect(names.subjectText).toBe(
      "SERIALNUMBER=n,CN=last,POSTALCODE=p,STREET=s,ST=st,L=l,OU=1+OU=2,O=o,C=c",
    );
  });

  test("as text escapes what would end a value", () => {
    expect(subjectOf([["CN", ' #a,b+c"d\\e<f>g;h=i# ']]).subjectText).toBe(
      'CN=\\ #a\\,b\\+c\\"d\\\\e\\<f\\>g\\;h=i#\\ ',
    );
    expect(subjectOf([["CN", "#a"]]).subjectText).toBe("CN=\\#a");
    expect(subjectOf([["CN", " "]]).subjectText).toBe("CN=\\ ");
  });

  test("domain components are a text of their own", () => {
    const names = subjectOf([["DC", "test"]], [["DC", "weft"]], [["CN", "x"]]);
    expect(names.subjectText).toBe("CN=x");
    expect(names.domainText).toBe("DC=test,DC=weft");
  });

  test("strings of every kind", () => {
    const kinds: [number, Buffer][] = [
      [0x0c, Buffer.from("Zoë")],
      [0x13, Buffer.from("plain")],
      [0x14, Buffer.from("Zo\xeb", "latin1")],
      [0x16, Buffer.from("plain")],
      [0x1e, Buffer.from("Zoë", "utf16le").swap16()],
    ];
    const texts = kinds.map(([tag, bytes]) => subjectOf([["CN", tag, bytes]]).subjectText);
    expect(texts).toEqual(["CN=Zoë", "CN=plain", "CN=Zoë", "CN=plain", "CN=Zoë"]);
    const bits = subjectOf([["CN", 0x03, Buffer.from("x")]]);
    expect(bits.subject).toBeUndefined();
    expect(bits.subjectText).toBe("");
  });
});

test("bytes that are no certificate have no names, whatever lengths they claim", () => {
  const good = certificateBytes({
    subject: [[["O", "o".repeat(200)]], [["CN", "x"]]],
    alternatives: [[0x82, "a.test"]],
  });
  expect(certificateNames(Buffer.alloc(0))).toBeUndefined();
  expect(certificateNames(Buffer.from([0x30, 0x80, 0, 0]))).toBeUndefined();
  expect(certificateNames(Buffer.from([0x30, 0x85, 1, 1, 1, 1, 1]))).toBeUndefined();
  for (let length = 0; length < good.length - 4; length += 1) {
    expect(certificateNames(good.subarray(0, length))).toBeUndefined();
  }
  fc.assert(
    fc.property(fc.nat(good.length - 1), fc.nat(255), (at, byte) => {
      const changed = Buffer.from(good);
      changed[at] = byte;
      certificateNames(changed);
    }),
    { numRuns: 500 },
  );
  // What follows belongs to somebody else: a view must not reach behind its end.
  const inside = Buffer.concat([Buffer.alloc(3), good, Buffer.alloc(50, 0x41)]);
  expect(certificateNames(inside.subarray(3, 3 + good.length))?.dnsNames).toEqual(["a.test"]);
});
