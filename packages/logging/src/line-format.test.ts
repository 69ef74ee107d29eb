// Lines as the reference writes them, and the same facts as JSON.
import { expect, test } from "vitest";
import { lineFormat, messageFormat } from "./line-format.ts";
import { OPTIONS } from "./testing/log-bench.ts";

const JOE = {
  clientId: 5,
  address: "10.0.0.1",
  port: 4242,
  account: "SALES",
  user: "user:joe",
  label: '10.0.0.1:4242 - cid:5 - "v1:go" - "SALES/user:joe"',
};
const LEVELS = ["info", "warn", "error", "fatal", "debug", "trace"] as const;

test("LG-02, LG-03: process id, time, label, text", () => {
  const format = lineFormat({ ...OPTIONS, logtime: true }, { processId: 7, coloured: false });
  const time = /\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d\.\d{6}/.source;
  const labels = LEVELS.map((level) => /\[(\w+)\] x$/.exec(format(level, "x"))?.[1]);
  expect(labels).toEqual(["INF", "WRN", "ERR", "FTL", "DBG", "TRC"]);
  expect(format("info", "x")).toMatch(new RegExp(`^\\[7\\] ${time} \\[INF\\] x$`));
});

test("LG-02: the time is now, and can be left out", () => {
  const timed = lineFormat({ ...OPTIONS, logtime: true }, { processId: 7, coloured: false });
  const [date, time] = timed("info", "x").split(" ").slice(1, 3) as [string, string];
  const written = Date.parse(`${date.replaceAll("/", "-")}T${time.slice(0, 12)}Z`);
  expect(Math.abs(written - Date.now())).toBeLessThan(2_000);
  const bare = lineFormat(OPTIONS, { processId: 7, coloured: false });
  expect(bare("info", "x")).toBe("[7] [INF] x");
});

test("LG-02: colours of a terminal", () => {
  const format = lineFormat(OPTIONS, { processId: 7, coloured: true });
  expect(format("warn", "x")).toBe("[7] [\u001b[0;93mWRN\u001b[0m] x");
});

test("SB-98: the connection stands before the text", () => {
  const format = lineFormat(OPTIONS, { processId: 7, coloured: false });
  expect(format("error", "authentication error", JOE)).toBe(
    `[7] [ERR] ${JOE.label} - authentication error`,
  );
  expect(messageFormat(OPTIONS, 7)("error", "no", JOE)).toBe(`${JOE.label} - no`);
});

test.each([
  ["a\r\n[7] [INF] forged\n", "a\n\t[7] [INF] forged"],
  ["a\rb", "a\\rb"],
  ["\u001b[2Jx\u0007", "\\x1b[2Jx\\x07"],
  ["\u009b31mx\u2028y", "\\x9b31mx\\u2028y"],
  ["tab\tstays, ä and 😀 too", "tab\tstays, ä and 😀 too"],
])("attack 66: a text cannot forge a line or steer a terminal: %j", (text, shown) => {
  const format = lineFormat(OPTIONS, { processId: 7, coloured: false });
  expect(format("error", text)).toBe(`[7] [ERR] ${shown}`);
});

test("SB-95: JSON, one object with what is known", () => {
  const options = { ...OPTIONS, logtime: true, format: "json" } as const;
  const format = lineFormat(options, { processId: 7, coloured: true });
  const line = format("error", 'a "b"\nc', JOE);
  expect(line).not.toContain("\n");
  const { time, ...rest } = JSON.parse(line) as Record<string, unknown>;
  expect(rest).toEqual({
    level: "error",
    pid: 7,
    client_id: 5,
    address: "10.0.0.1:4242",
    account: "SALES",
    user: "user:joe",
    message: 'a "b"\nc',
  });
  expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
  expect(Math.abs(Date.parse(`${time}`) - Date.now())).toBeLessThan(2_000);
});

test("SB-95: JSON of all levels; nothing is said of what is not known", () => {
  const format = lineFormat({ ...OPTIONS, format: "json" }, { processId: 7, coloured: false });
  const early = { ...JOE, address: "::1", account: "", user: "" };
  for (const level of LEVELS) {
    expect(JSON.parse(format(level, "x"))).toEqual({ level, pid: 7, message: "x" });
  }
  expect(JSON.parse(format("info", "x", early))).toEqual({
    ...{ level: "info", pid: 7, message: "x" },
    ...{ client_id: 5, address: "[::1]:4242" },
  });
});

test("SB-95, attack 66: nothing in a JSON line steers a terminal", () => {
  const format = lineFormat({ ...OPTIONS, format: "json" }, { processId: 7, coloured: false });
  const controls = Array.from({ length: 0xa0 }, (_, code) => String.fromCharCode(code));
  const message = [...controls, "\u2028", "\u2029", "ä and 😀"].join("");
  const line = format("error", message, { ...JOE, user: "user:\u009b2J\u007f" });
  const isControl = (code: number) => code < 0x20 || (code >= 0x7f && code < 0xa0);
  expect([...line].filter((one) => isControl(one.charCodeAt(0)))).toEqual([]);
  expect(line).not.toMatch(/[\u2028\u2029]/);
  expect(line).toContain("ä and 😀");
  expect(JSON.parse(line)).toMatchObject({ message, user: "user:\u009b2J\u007f" });
});
