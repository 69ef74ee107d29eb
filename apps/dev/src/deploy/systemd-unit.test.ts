// The unit in deploy/systemd: directives and values, agreement with its configuration, hardening.
// Reads the repository; starts nothing.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { repositoryRoot } from "../tidy/source-file.ts";
import { readUnit } from "./systemd-unit.ts";

const read = (name: string): string =>
  readFileSync(join(repositoryRoot, "deploy/systemd", name), "utf8");
const unit = readUnit(read("weft.service"));
const config = read("weft.conf");

const service = (name: string): string | undefined => unit.values.get(`Service.${name}`)?.at(-1);

test("weft.service has only known directives with fitting values", () => {
  expect(unit.findings).toEqual([]);
});

test("a wrong unit is found, line by line", () => {
  const wrong = "Early=1\n[Service]\nType=exec\nType=exec\nUMask=77\nProtectSytem=yes\nx\n[Srvice]";
  expect(readUnit(wrong).findings).toEqual([
    "line 1: unknown directive Early in []",
    "line 4: Type again",
    "line 5: wrong value of UMask: 77",
    "line 6: unknown directive ProtectSytem in [Service]",
    "line 7: neither section nor directive",
    "line 8: unknown section [Srvice]",
  ]);
});

test("programs and documents of the unit are in the repository", () => {
  const lines = ["ExecStartPre", "ExecStart", "ExecStartPost"].flatMap(
    (name) => unit.values.get(`Service.${name}`) ?? [],
  );
  const paths = [...lines, unit.values.get("Unit.Documentation")?.[0] ?? ""].flatMap((line) =>
    [...line.matchAll(/\/opt\/weft\/([^\s]+)/g)].map(([, path = ""]) => path),
  );
  expect(paths).toHaveLength(5);
  // Node itself is there on the platforms only for which the lock file has one.
  const sources = paths.filter((path) => !path.startsWith("node_modules/"));
  expect(sources.filter((path) => !existsSync(join(repositoryRoot, path)))).toEqual([]);
});

test("the check at the start looks where the configuration listens", () => {
  const listen = /^listen: "([^"]+)"$/m.exec(config)?.[1];
  expect(listen).toBeDefined();
  expect(service("ExecStartPost")?.split(" ").at(-1)).toBe(listen);
});

test("stop is lame duck mode and waits for its end; restart is quick", () => {
  expect(service("KillSignal")).toBe("SIGUSR2");
  expect(service("RestartKillSignal")).toBe("SIGTERM");
  const minutes = Number(/^lame_duck_duration: "(\d+)m"$/m.exec(config)?.[1]);
  expect(Number(service("TimeoutStopSec"))).toBeGreaterThan(minutes * 60);
});

test("the pid file is in the folder that the unit makes", () => {
  expect(/^pid_file: "([^"]+)"$/m.exec(config)?.[1]).toBe(
    `/run/${service("RuntimeDirectory")}/weft.pid`,
  );
});

test("account tokens have a folder of the unit: the one that the resolvers' page names", () => {
  const page = readFileSync(join(repositoryRoot, "docs/security/resolvers.md"), "utf8");
  const folders = [...page.matchAll(/^ {2}dir: "\/var\/lib\/([^/"]+)/gm)].map(([, name]) => name);
  expect(new Set(folders)).toEqual(new Set([service("StateDirectory")]));
  expect(service("StateDirectoryMode")).toBe("0700");
});

test("the server may open many files and has no rights of root", () => {
  expect(Number(service("LimitNOFILE"))).toBeGreaterThanOrEqual(100_000);
  expect(service("CapabilityBoundingSet")).toBe("");
  for (const name of ["DynamicUser", "NoNewPrivileges", "ProtectHome", "PrivateTmp"]) {
    expect(service(name), name).toBe("yes");
  }
  expect(service("ProtectSystem")).toBe("strict");
  expect(unit.values.get("Service.SystemCallFilter")).toContain("~@privileged @resources");
});

test("nothing forbids what a JavaScript engine does", () => {
  expect(unit.values.has("Service.MemoryDenyWriteExecute")).toBe(false);
});
