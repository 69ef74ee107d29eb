// Names in certificates, from OpenSSL's form to that of the users' table.
import { expect, test } from "vitest";
import { alternativeNames, distinguishedName } from "./tls-facts.ts";

test("AN-31: names of certificates keep their special characters", () => {
  expect(distinguishedName("C=CH\nO=A\\, B\nCN=x + serialNumber=7")).toBe(
    "CN=x+SERIALNUMBER=7,O=A\\, B,C=CH",
  );
  expect(alternativeNames('URI:"x:a,b", DNS:b.c, email:a@b, IP Address:1.2.3.4')).toEqual([
    "a@b",
    "b.c",
    "x:a,b",
    "1.2.3.4",
  ]);
});
