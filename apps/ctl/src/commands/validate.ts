// validate, decode: what tokens say, and everything that is to be said against them.
import { isBlocking } from "@weft/jwt";
import { ACCOUNT_OPTION, type Command, type Host, JSON_OPTION } from "../command-line/command.ts";
import { EXIT, usageFailure } from "../command-line/failure.ts";
import { describeClaims } from "../describe/describe-claims.ts";
import { claimsText } from "../describe/json-text.ts";
import { clean } from "../describe/rows.ts";
import { readText } from "../store/read-claims-file.ts";
import { Workplace } from "../store/workplace.ts";
import { type PlacedFinding, StoreInspection } from "../validate/findings-of-store.ts";
import { inspectText } from "../validate/findings-of-text.ts";

function printFindings(findings: readonly PlacedFinding[], isJson: boolean, host: Host): void {
  if (isJson) {
    host.print(JSON.stringify(findings, undefined, 2));
    return;
  }
  for (const { place, level, text } of findings) host.print(clean(`${level}: ${place}: ${text}`));
  if (findings.length === 0) host.print("no findings");
}

function exitCode(findings: readonly PlacedFinding[]): number {
  return isBlocking(findings, true) ? EXIT.failed : EXIT.done;
}

const validate: Command = {
  words: ["validate"],
  summary: "Check the store, one account of it, or tokens in a file; exit code 1 for errors",
  options: [
    ACCOUNT_OPTION,
    { name: "all-accounts", short: "A", help: "all accounts; also without any of these" },
    {
      name: "file",
      short: "f",
      value: "FILE",
      help: "a token, a creds file, or a token per line; - = standard input",
    },
    JSON_OPTION,
  ],
  examples: ["validate", "validate --account ORDERS", "validate --file alice.creds --json"],
  run(words, host) {
    const place = new Workplace(words, host);
    const file = words.text("file");
    if (file !== undefined && (words.has("account") || words.has("all-accounts"))) {
      throw usageFailure("--file excludes --account and --all-accounts");
    }
    const findings =
      file === undefined
        ? inspectStore(place)
        : inspectText(readText(file), file, place.nowSeconds, place.verifier).flatMap(
            (token) => token.findings,
          );
    printFindings(findings, words.flag("json"), host);
    return exitCode(findings);
  },
};

function inspectStore(place: Workplace): readonly PlacedFinding[] {
  const { words, store } = place;
  const names = words.has("account") ? [place.accountName()] : store.accountNames();
  return new StoreInspection(place).inspect(names);
}

const decode: Command = {
  words: ["decode"],
  summary: "Show tokens of any kind with what is to be said against them",
  operand: "file",
  options: [
    {
      name: "file",
      short: "f",
      value: "FILE",
      help: "a token, a creds file, or a token per line; - = standard input",
    },
    JSON_OPTION,
  ],
  examples: ["decode alice.creds", "decode --json operator.jwt"],
  run(words, host) {
    const place = new Workplace(words, host);
    const file = words.wanted("file");
    const tokens = inspectText(readText(file), file, place.nowSeconds, place.verifier);
    if (words.flag("json")) {
      const shown = tokens.map(({ claims, findings }) => ({
        claims: claims === undefined ? null : (JSON.parse(claimsText(claims)) as unknown),
        findings,
      }));
      host.print(JSON.stringify(shown, undefined, 2));
    } else {
      for (const [at, { claims, findings }] of tokens.entries()) {
        if (at > 0) host.print("");
        if (claims !== undefined) {
          for (const line of describeClaims(claims, new Map())) host.print(line);
          host.print("");
        }
        printFindings(findings, false, host);
      }
    }
    return exitCode(tokens.flatMap((token) => token.findings));
  },
};

export const VALIDATE_COMMANDS: readonly Command[] = [validate, decode];
