// Networks: which addresses are in them, and which texts are none.
import { expect, test } from "vitest";
import { parseAddress, parseNetwork, sourceAllowed } from "./networks.ts";

test.each([
  ["10.0.0.0/8", "10.255.0.1", true],
  ["10.0.0.0/8", "11.0.0.1", false],
  ["10.9.8.7/8", "10.0.0.1", true],
  ["192.168.1.77/23", "192.168.0.1", true],
  ["192.168.1.77/23", "192.168.2.1", false],
  ["0.0.0.0/0", "1.2.3.4", true],
  ["0.0.0.0/0", "::1", false],
  ["::/0", "1.2.3.4", false],
  ["::/0", "2001:db8::1", true],
  ["2001:db8::1:2/121", "2001:db8::1:7f", true],
  ["2001:db8::1:2/121", "2001:db8::1:80", false],
  ["10.0.0.0/8", "::ffff:10.0.0.1", true],
  ["::ffff:10.0.0.0/104", "10.1.1.1", true],
  ["::ffff:0:0/95", "10.1.1.1", false],
  ["127.0.0.1/32", "fe80::1%eth0", false],
  ["10.0.0.0/33", "10.0.0.1", false],
] as const)("AN-50: %s and %s: %s", (network, host, expected) => {
  expect(sourceAllowed([network], host)).toBe(expected);
});

test("AN-50: nobody is kept out by no networks; a peer without an address by any", () => {
  expect(sourceAllowed(undefined, undefined)).toBe(true);
  expect(sourceAllowed([], "x")).toBe(true);
  expect(sourceAllowed(["0.0.0.0/0"], undefined)).toBe(false);
  expect(sourceAllowed(["x", "0.0.0.0/0"], "1.2.3.4")).toBe(false);
  expect(sourceAllowed(["0.0.0.0/0", "x"], "1.2.3.4")).toBe(true);
});

test("texts that are no address or network", () => {
  for (const text of [
    "",
    "1.2.3",
    "01.2.3.4",
    "1.2.3.256",
    "1::2::3",
    ":::",
    "12345::",
    "g::",
    "1:2:3:4:5:6:7:8:9",
    "1:2:3:4:5:6:7::8:9",
    "1.2.3.4::",
    "::1%x",
    ":",
    "1:",
  ]) {
    expect(parseAddress(text), text).toBeUndefined();
  }
  expect(parseAddress("::")).toHaveLength(16);
  expect(parseAddress("1:2:3:4:5:6:7::")).toHaveLength(16);
  for (const text of [
    "1.2.3.4",
    "1.2.3.4/",
    "1.2.3.4/-1",
    "1.2.3.4/33",
    "::/129",
    "/8",
    "1.2.3.4/8/8",
  ]) {
    expect(parseNetwork(text), text).toBeUndefined();
  }
});

test("A57: the texts of a list are read once", () => {
  let reads = 0;
  const texts = new Proxy(["10.0.0.0/8", "::/1", "nothing"], {
    get(target, name, receiver) {
      if (name === "0") reads += 1;
      return Reflect.get(target, name, receiver);
    },
  });
  const allowed = ["11.0.0.1", "10.0.0.1", "1::1", "10.1.1.1"].map((host) =>
    sourceAllowed(texts, host),
  );
  expect(allowed).toEqual([false, true, true, true]);
  expect(reads).toBe(1);
});
