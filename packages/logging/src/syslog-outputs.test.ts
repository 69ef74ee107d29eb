// Syslog as others receive it: over UDP, TCP and both kinds of unix sockets, in both formats, and what
// happens when nobody is there or goes away.
import { spawnSync } from "node:child_process";
import { hostname } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import type { LogOptions } from "./log-options.ts";
import { ServerLog } from "./server-log.ts";
import { syslogTarget } from "./syslog-outputs.ts";
import { linesOf, newFolder, OPTIONS, PLACE, until } from "./testing/log-bench.ts";
import { streamServer, udpServer, unixDatagramServer } from "./testing/syslog-server.ts";

const ISO = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:Z|[+-]\d\d:\d\d)/.source;
const SHORT = /[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d/.source;
const LEVELS = ["fatal", "error", "warn", "info", "trace", "debug"] as const;
/** Facility daemon with the severity of each level, in that order. */
const PRIORITIES = [26, 27, 28, 29, 29, 31];

async function openLog(change: Partial<LogOptions>, syslogPaths?: readonly string[]) {
  const options = { ...OPTIONS, debug: true, trace: true, ...change };
  const log = new ServerLog(options, { ...PLACE, syslogPaths });
  onTestFinished(() => log.close());
  await log.opened;
  return log;
}

describe("LG-09: remote", () => {
  test("UDP, a datagram for each line, as the reference writes it", async () => {
    const server = await udpServer();
    const log = await openLog({ remoteSyslog: `udp://127.0.0.1:${server.port}` });
    for (const level of LEVELS) log.write(level, `at ${level}`);
    await until(() => server.pieces.length === LEVELS.length);
    for (const [index, level] of LEVELS.entries()) {
      expect(server.pieces[index]).toMatch(
        new RegExp(`^<${PRIORITIES[index]}>${ISO} ${hostname()} weft\\[7\\]: at ${level}\n$`),
      );
    }
    await server.close();
  });

  test("TCP, a line for each line", async () => {
    const server = await streamServer();
    const log = await openLog({ remoteSyslog: `tcp://127.0.0.1:${server.port}` });
    for (let line = 0; line < 2_000; line += 1) log.write("info", `line ${line}`);
    await log.close();
    const lines = server.text.trimEnd().split("\n");
    expect(lines.map((line) => Number(line.split(" ").at(-1)))).toEqual(
      Array.from({ length: 2_000 }, (_, line) => line),
    );
    expect(lines[0]).toMatch(new RegExp(`^<29>${ISO} ${hostname()} weft\\[7\\]: line 0$`));
    await server.close();
  });

  test("RFC 5424, counted over TCP (RFC 6587)", async () => {
    const server = await streamServer();
    const remoteSyslog = `tcp://localhost:${server.port}`;
    const log = await openLog({ remoteSyslog, syslogFormat: "rfc5424" });
    log.write("error", "ä\nb");
    await log.close();
    const [, length, message] = /^(\d+) (<27>1 .*)$/s.exec(server.text) as RegExpExecArray;
    expect(Number(length)).toBe(Buffer.byteLength(message as string));
    expect(message).toMatch(/^<27>1 \S+T\S+\.\d{3}\S+ \S+ weft 7 - - ä\n\tb$/);
    await server.close();
  });

  test("a unix stream socket, and JSON as the message", async () => {
    const path = join(newFolder(), "log");
    const server = await streamServer(path);
    const log = await openLog({ remoteSyslog: `unix://${path}`, format: "json" });
    log.write("warn", "x");
    await log.close();
    const [, message] = /\]: (\{.*\})\n$/.exec(server.text) as RegExpExecArray;
    expect(JSON.parse(message as string)).toEqual({ level: "warn", pid: 7, message: "x" });
    await server.close();
  });

  test("lines that the log is given before it is connected arrive", async () => {
    const server = await streamServer();
    const remoteSyslog = `tcp://127.0.0.1:${server.port}`;
    const log = new ServerLog({ ...OPTIONS, remoteSyslog }, PLACE);
    log.write("info", "early");
    await log.opened;
    await log.close();
    expect(server.text).toMatch(/early\n$/);
    await server.close();
  });

  test("a server that goes away and comes back gets the lines of between", async () => {
    const first = await streamServer();
    const log = await openLog({ remoteSyslog: `tcp://127.0.0.1:${first.port}` });
    log.write("info", "before");
    await until(() => first.text.includes("before"));
    await first.close();
    for (let line = 0; line < 100; line += 1) log.write("info", `between ${line}`);
    const second = await streamServer(first.port);
    await until(() => second.text.includes("between 99\n"));
    const numbers = [...second.text.matchAll(/between (\d+)\n/g)].map(([, line]) => Number(line));
    // What the system had taken before it learned of the end is gone; TCP does not tell.
    const lost = numbers[0] as number;
    expect(lost).toBeLessThan(10);
    expect(numbers).toEqual(Array.from({ length: 100 - lost }, (_, line) => lost + line));
    await second.close();
  });

  test("SB-107: its loss is fatal where log_loss_is_fatal", async () => {
    const server = await streamServer();
    const remoteSyslog = `tcp://127.0.0.1:${server.port}`;
    const log = await openLog({ remoteSyslog, lossIsFatal: true });
    const errors: string[] = [];
    log.onFatal((error) => errors.push(error.message));
    await server.close();
    await until(() => errors.length > 0);
    expect(errors[0]).toMatch(/^Log lines are being lost: /);
  });

  test("nobody there, or an address that is none, is an error of the start", async () => {
    const server = await streamServer();
    const remoteSyslog = `tcp://127.0.0.1:${server.port}`;
    await server.close();
    await expect(openLog({ remoteSyslog })).rejects.toThrow(
      /^error connecting to syslog: "connect ECONNREFUSED/,
    );
    await expect(openLog({ remoteSyslog: "udp://no.such.host.invalid:514" })).rejects.toThrow(
      /^error connecting to syslog: /,
    );
    await expect(openLog({ remoteSyslog: "http://x:1" })).rejects.toThrow(
      'error invalid network type: "http"',
    );
    expect(() => syslogTarget("udp://x")).toThrow("udp://host:port is needed");
    expect(syslogTarget("tcp://[::1]:514")).toEqual({ kind: "tcp", host: "::1", port: 514 });
  });

  test("RL-02: from a file to syslog and back, without a lost line", async () => {
    const server = await streamServer();
    const logFile = join(newFolder(), "log");
    const remote = { ...OPTIONS, remoteSyslog: `tcp://127.0.0.1:${server.port}` };
    const log = new ServerLog({ ...OPTIONS, logFile }, PLACE);
    const written: string[] = [];
    const write = (text: string): void => {
      written.push(text);
      log.write("info", text);
    };
    write("one");
    const change = log.update(remote);
    write("two");
    await change;
    write("three");
    await log.update({ ...OPTIONS, logFile });
    write("four");
    await log.close();
    await until(() => server.sockets.size === 0);
    const inFile = linesOf(logFile).map((line) => line.slice(10));
    expect([...inFile.slice(0, 2), "three", ...inFile.slice(2)]).toEqual(written);
    expect(server.text).toMatch(/: three\n$/);
    await server.close();
  });
});

describe("LG-09: local", () => {
  test("a stream socket is written to, in the local form", async () => {
    const path = join(newFolder(), "log");
    const server = await streamServer(path);
    const log = await openLog({ syslog: true }, [`${path}-not`, path]);
    log.write("warn", "x");
    await log.close();
    expect(server.text).toMatch(new RegExp(`^<28>${SHORT} weft\\[7\\]: x\n$`));
    await server.close();
  });

  const canReceive = spawnSync("perl", ["-MIO::Socket::UNIX", "-e", "1"]).status === 0;
  const canSend = /util-linux/.test(`${spawnSync("logger", ["--version"]).stdout}`);
  const why = canReceive && canSend ? "" : " [skipped: needs perl and the logger of util-linux]";

  describe.skipIf(why !== "")(`a socket of datagrams, through logger${why}`, () => {
    test("each line with its own priority", async () => {
      const path = join(newFolder(), "log");
      const server = await unixDatagramServer(path);
      const log = await openLog({ syslog: true }, [path]);
      for (const level of LEVELS) log.write(level, `<1> at ${level}`);
      await until(() => server.lines.length === LEVELS.length);
      for (const [index, level] of LEVELS.entries()) {
        expect(server.lines[index]).toMatch(
          new RegExp(`^<${PRIORITIES[index]}>${SHORT} weft\\[7\\]: <1> at ${level}$`),
        );
      }
      await log.close();
      await server.close();
    });

    test("RFC 5424", async () => {
      const path = join(newFolder(), "log");
      const server = await unixDatagramServer(path);
      const log = await openLog({ syslog: true, syslogFormat: "rfc5424" }, [path]);
      log.write("info", "x");
      await until(() => server.lines.length === 1);
      expect(server.lines[0]).toMatch(/^<29>1 \S+ \S+ weft 7 - - x$/);
      await log.close();
      await server.close();
    });

    test("SB-107: a dead socket is an error of the start", async () => {
      const path = join(newFolder(), "log");
      await (await unixDatagramServer(path)).close();
      await expect(openLog({ syslog: true }, [path])).rejects.toThrow(
        `error connecting to syslog: "nobody listens on ${path}; see remote_syslog"`,
      );
    });
  });
});
