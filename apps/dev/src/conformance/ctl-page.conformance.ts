// Every command line of docs/security/weftctl.md, from top to bottom, with a server where the page
// has one. Reference and product are tried with the same page.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { CtlHome, missingServers, resolverServers } from "./ctl-servers.ts";
import { repositoryRoot, type ServerUnderTest, serverForTest } from "./server-under-test.ts";

const PAGE = "docs/security/weftctl.md";

/** A hundred commands each: one number of workers is enough, `ctl.conformance.ts` has all. */
const servers = resolverServers.filter(({ options }) => (options.workers ?? 2) === 2);

const page = readFileSync(join(repositoryRoot, PAGE), "utf8");
const blocks = [...page.matchAll(/^```sh\n([\s\S]*?)^```/gm)];
const lines = blocks.flatMap(([, block = ""]) => block.split("\n").filter((text) => text !== ""));

/** Words as a shell takes them, where nothing but apostrophes means anything to it; else none. */
function plainWords(line: string): readonly string[] {
  const words = line.match(/'[^']*'|[^\s'"$&;|<>`\\*?~()#]+/g) ?? [];
  return words.join(" ") === line ? words.map((word) => word.replaceAll("'", "")) : [];
}

/** `isTyped`: by a shell. The page is typed once; with other servers the same words are enough. */
async function expectDone(home: CtlHome, line: string, isTyped: boolean): Promise<void> {
  const [program, ...words] = isTyped ? [] : plainWords(line);
  const outcome = program === "weftctl" ? await home.run(...words) : home.shell(line);
  const { code, out, error } = outcome;
  expect([line, code, error && `${error}${out}`]).toEqual([line, 0, expect.any(String)]);
}

/** The server's configuration as the page says, below the folder of the page. */
function configOf(home: CtlHome): string {
  const text = readFileSync(join(home.folder, "resolver.conf"), "utf8");
  return text.replace('"./jwt"', JSON.stringify(join(home.folder, "jwt")));
}

describe(`${PAGE} (SA-35)`, () => {
  it("has commands of every kind", () => {
    expect(lines.length).toBeGreaterThan(60);
    const kinds = new Set(lines.map((text) => text.split(" ").slice(0, 2).join(" ")));
    for (const verb of ["add", "edit", "delete", "describe", "list", "generate", "revocations"]) {
      expect(kinds).toContain(`weftctl ${verb}`);
    }
    for (const verb of ["push", "pull", "validate", "decode", "check", "env"]) {
      expect(kinds).toContain(`weftctl ${verb}`);
    }
  });

  it.each(servers)("all of it works with $name", { timeout: 240_000 }, async ({ options }) => {
    const home = new CtlHome();
    let server: ServerUnderTest | undefined;
    for (const text of lines) {
      if (text.startsWith("weft -c ")) {
        server = await serverForTest({ ...options, config: configOf(home) });
        continue;
      }
      const port = String(server?.port ?? "none");
      const line = text.replaceAll("localhost:4222", `127.0.0.1:${port}`);
      await expectDone(home, line, options.command === undefined);
    }
    expect(server).toBeDefined();
  });

  for (const name of missingServers) it.skip(`all of it works with ${name}`, () => {});
});
