// Command lines: what they mean, and what is said of wrong ones.
import { describe, expect, test } from "vitest";
import { ALL_COMMANDS } from "../commands/all-commands.ts";
import { Failure } from "./failure.ts";
import { commandHelp, overview } from "./help.ts";
import { parseArguments } from "./parse-arguments.ts";

function parsed(line: string) {
  const result = parseArguments(line.split(" "), ALL_COMMANDS);
  if (result.kind !== "run") throw new Error(`${result.kind} instead of a command`);
  return result;
}

function problem(line: string): string {
  try {
    parseArguments(line.split(" "), ALL_COMMANDS);
  } catch (error) {
    if (error instanceof Failure) return `${error.exitCode} ${error.message}`;
    throw error;
  }
  return "";
}

describe("a command line", () => {
  test("long and short options, with and without =", () => {
    for (const line of [
      "add user --account A --name u --allow-pub x,y --bearer",
      "add user -a A -n u --allow-pub=x --allow-pub=y --bearer=true",
      "add user -aA -nu --allow-pub=x,y --bearer",
      "add user u -a=A --allow-pub x --allow-pub y --bearer",
    ]) {
      const { command, words } = parsed(line);
      expect(command.words).toEqual(["add", "user"]);
      expect([words.text("account"), words.text("name")]).toEqual(["A", "u"]);
      expect(words.list("allow-pub")).toEqual(["x", "y"]);
      expect([words.flag("bearer"), words.truth("help")]).toEqual([true, undefined]);
    }
  });

  test("values that begin with a dash", () => {
    expect(parsed("edit account A --conns -1").words.text("conns")).toBe("-1");
    expect(parsed("generate creds u -o --").words.text("output-file")).toBe("--");
    expect(parsed("describe jwt -f -").words.text("file")).toBe("-");
  });

  test("a value that may be left out", () => {
    expect(parsed("add user u --allow-pub-response").words.text("allow-pub-response")).toBe("1");
    const line = "add user u --allow-pub-response=5";
    expect(parsed(line).words.text("allow-pub-response")).toBe("5");
  });

  test("short flags together", () => {
    const { words } = parsed("delete user -RCD u v");
    expect(["revoke", "rm-creds", "rm-nkey"].map((name) => words.flag(name))).toEqual([
      true,
      true,
      true,
    ]);
    expect(words.list("name")).toEqual(["u", "v"]);
  });

  test("what is wrong is named, with exit code 2", () => {
    const problems: Record<string, string> = {
      "ad user": '2 unknown command "ad"; did you mean "add"?',
      "add usr": '2 unknown command "usr" after "add"; did you mean "user"?',
      "add --name u": '2 a command is wanted after "add" before --name',
      "add user --nmae u": '2 unknown option --nmae of "add user"; did you mean --name?',
      "add user -z": '2 unknown option -z of "add user"',
      "add user --name": "2 --name wants a value: NAME",
      "add user u v": '2 "v" is one word too many for "add user"',
      "validate x": '2 "x" is one word too many for "validate"',
      "add user u --bearer=maybe": '2 --bearer is true or false, not "maybe"',
    };
    for (const [line, expected] of Object.entries(problems)) expect(problem(line)).toBe(expected);
  });

  test("help", () => {
    for (const line of ["add user --help", "add user -h", "help add user"]) {
      expect(parseArguments(line.split(" "), ALL_COMMANDS).kind).toBe("help");
    }
    expect(parseArguments([], ALL_COMMANDS)).toEqual({ kind: "overview", words: [] });
    expect(parseArguments(["revocations"], ALL_COMMANDS)).toMatchObject({ words: ["revocations"] });
    expect(parseArguments(["--version"], ALL_COMMANDS).kind).toBe("version");
  });
});

describe("the table of commands", () => {
  test("each option once, short ones as well, operands among them", () => {
    for (const command of ALL_COMMANDS) {
      const text = commandHelp(command);
      const names = [...text.matchAll(/^ {2}(?:-(\w), | {4})--([\w-]+)/gm)];
      const words = command.words.join(" ");
      const shorts = names.map(([, short]) => short).filter((short) => short !== undefined);
      const longs = names.map(([, , long]) => long);
      expect([words, new Set(longs).size]).toEqual([words, longs.length]);
      expect([words, shorts.length - new Set(shorts).size]).toEqual([words, 0]);
      if (command.operand !== undefined) expect(longs).toContain(command.operand);
    }
  });

  test("every example is a command line", () => {
    for (const command of ALL_COMMANDS) {
      expect(command.examples?.length, command.words.join(" ")).toBeGreaterThan(0);
      for (const example of command.examples ?? []) {
        const words = example.match(/'[^']*'|"[^"]*"|\S+/g) ?? [];
        const bare = words.map((word) => word.replaceAll(/^['"]|['"]$/g, ""));
        expect(parseArguments(bare, ALL_COMMANDS)).toMatchObject({ command });
      }
    }
    expect(overview(ALL_COMMANDS, ["add"])).not.toContain("edit user");
  });
});
