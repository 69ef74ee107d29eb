// Which messages ask for a trace, and for what (AC-70, AC-73): untrusted bytes in any form.
import { createPrng } from "@weft/base";
import { describe, expect, test } from "vitest";
import { isTraceParentSampled, mayAskForTrace, readTraceRequest } from "./trace-headers.ts";

const PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7";

function blockOf(...lines: string[]): Buffer {
  return Buffer.from(`NATS/1.0\r\n${lines.map((line) => `${line}\r\n`).join("")}\r\n`, "latin1");
}

function may(block: Buffer): boolean {
  return mayAskForTrace(block, 0, block.length);
}

describe("headers that ask for a trace", () => {
  test("AC-70: where to, whether only that, how packed, with all headers in their spelling", () => {
    const block = blockOf(
      "a:1",
      "Nats-Trace-Dest: to.me \t",
      "Nats-Trace-Only:\tOn",
      "Accept-Encoding: gzip",
      "a: 2",
      "Empty:",
    );
    expect(may(block)).toBe(true);
    const request = readTraceRequest(block);
    expect(request).toMatchObject({ destination: "to.me", only: true, encoding: "gzip" });
    expect([...(request?.headers ?? [])]).toEqual([
      ["a", ["1", "2"]],
      ["Nats-Trace-Dest", ["to.me"]],
      ["Nats-Trace-Only", ["On"]],
      ["Accept-Encoding", ["gzip"]],
    ]);
  });

  test.each([
    ["1", true],
    ["true", true],
    ["TRUE", true],
    ["on", true],
    ["yes", false],
    ["0", false],
    ["true false", false],
  ])("AC-70: Nats-Trace-Only: %s", (value, only) => {
    const request = readTraceRequest(blockOf(`Nats-Trace-Only: ${value}`, "Nats-Trace-Dest: x"));
    expect(request?.only).toBe(only);
  });

  test("AC-73: another tracing system asks, and keeps nothing back", () => {
    const block = blockOf(`TRACEparent: ${PARENT}-01`, "Nats-Trace-Only: 1");
    expect(may(block)).toBe(true);
    expect(readTraceRequest(block)).toMatchObject({ destination: undefined, only: false });
    expect(readTraceRequest(blockOf(`traceparent: ${PARENT}-00`))).toBeUndefined();
  });

  test.each([
    ["00-a-b-01", true],
    ["00-a-b-7F", true],
    ["00-a-b-00", false],
    ["00-a-b-81", false],
    ["00-a-b-1", false],
    ["00-a-b-001", false],
    ["00-a-b-01-x", false],
    ["00-a-b", false],
  ])("AC-73: traceparent %s", (value, isSampled) => {
    expect(isTraceParentSampled(value)).toBe(isSampled);
  });

  test.each([
    ["switched off", ["Nats-Trace-Dest: trace disabled", `traceparent: ${PARENT}-01`]],
    ["another case", ["nats-trace-dest: x"]],
    ["no value", ["Nats-Trace-Dest:  "]],
    ["a blank in front", [" Nats-Trace-Dest: x"]],
    ["a blank behind", ["Nats-Trace-Dest : x"]],
    ["a longer name", ["Nats-Trace-Dest2: x"]],
    ["other headers", ["Nats-Msg-Id: 1", "Nats-TTL: 1s", "Tenant: a"]],
  ])("AC-70: nothing is asked for by %s", (_what, lines) => {
    expect(readTraceRequest(blockOf(...lines))).toBeUndefined();
  });

  test("AC-70: a block without the usual first line asks for nothing", () => {
    for (const first of ["NATS/1.0 503\r\n", "\r\n", "", "nats/1.0\r\n"]) {
      const block = Buffer.from(`${first}Nats-Trace-Dest: x\r\n\r\n`, "latin1");
      expect(readTraceRequest(block)).toBeUndefined();
    }
    const cut = Buffer.from("NATS/1.0\r\nNats-Trace-Dest: x", "latin1");
    expect(readTraceRequest(cut)).toBeUndefined();
  });

  test("A57: blanks in the middle of a value cost what they are long", () => {
    const value = `a${" \t".repeat(500_000)}b`;
    const startedAt = process.cpuUsage();
    const request = readTraceRequest(blockOf(`Nats-Trace-Dest:\t${value} `, "a:1"));
    expect(request?.destination === value).toBe(true);
    // Half an hour where a pattern looks for the end from each of them.
    expect(process.cpuUsage(startedAt).user).toBeLessThan(1_000_000);
  });

  test("A57: of very many headers the first are shown, and all are looked at", () => {
    const many = Array.from({ length: 50_000 }, (_, number) => `h${number}: 1`);
    const asks = ["Nats-Trace-Only: 1", "Accept-Encoding: gzip", "Nats-Trace-Dest: x"];
    const request = readTraceRequest(blockOf(...many, ...asks));
    expect(request).toMatchObject({ destination: "x", only: true, encoding: "gzip" });
    expect([...(request?.headers.keys() ?? [])]).toEqual(
      many.slice(0, 1_024).map((line) => line.slice(0, -3)),
    );
    const long = readTraceRequest(
      blockOf("Nats-Trace-Dest: x", `a: ${"y".repeat(65_536)}`, "b: 1"),
    );
    expect([...(long?.headers.keys() ?? [])]).toEqual(["Nats-Trace-Dest", "b"]);
    expect(readTraceRequest(blockOf(...many, `traceparent: ${PARENT}-01`))?.headers.size).toBe(
      1_024,
    );
    expect(
      readTraceRequest(blockOf("Nats-Trace-Dest: x", ...many, "Nats-Trace-Dest: trace disabled"))
        ?.destination,
    ).toBe("x");
  });

  test("usual headers are told from their first letters", () => {
    expect(may(blockOf("Nats-Msg-Id: 1", "Nats-TTL: 1s", "Nats-Expected-Stream: S"))).toBe(false);
    expect(may(blockOf("Content-Type: text", "T: 1", "N: 1"))).toBe(false);
    expect(may(Buffer.from("NATS/1.0\r\n\r\n"))).toBe(false);
  });

  test("what is passed over by the first letters asks for nothing, whatever the bytes", () => {
    const prng = createPrng(7);
    const pieces = ["\r\n", "\n", "Nats-Trace-Dest", "traceparent", ":", " ", "x", `${PARENT}-01`];
    for (let round = 0; round < 20_000; round += 1) {
      let text = "NATS/1.0\r\n";
      for (let count = prng.below(12); count > 0; count -= 1) text += pieces[prng.below(8)];
      const block = Buffer.from(text, "latin1");
      if (!may(block)) expect(readTraceRequest(block)).toBeUndefined();
    }
  });
});
