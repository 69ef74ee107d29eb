// The configurations of docs/security/auth-callout.md are what the service takes. Reads the repository.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { usersSchema } from "./backends/static-file.ts";
import { checkSettings } from "./settings.ts";

const page = fileURLToPath(new URL("../../../docs/security/auth-callout.md", import.meta.url));
const documents = [...readFileSync(page, "utf8").matchAll(/^```yaml\n([\s\S]*?)^```$/gm)];
const isUsers = ([, text = ""]: RegExpMatchArray): boolean => text.startsWith("users:");
const blocks = documents.filter((block) => !isUsers(block));

test.each(blocks.map(([, text = ""], index) => [index, text] as const))(
  "configuration %i of the page is valid",
  (_index, text) => {
    expect(() => checkSettings(parse(text), "page")).not.toThrow();
  },
);

test("the page's users are what the service takes", () => {
  const users = documents.filter(isUsers).map(([, text = ""]) => usersSchema.parse(parse(text)));
  expect(users).toHaveLength(1);
});

test("the page has one for each kind of backend", () => {
  const kinds = blocks.flatMap(([, text = ""]) =>
    checkSettings(parse(text), "page").backends.map(({ kind }) => kind),
  );
  expect(new Set(kinds)).toEqual(new Set(["static", "oidc", "ldap", "module"]));
});
