// Named roles (SB-28): who has which, and what several give together.
import type { PermissionsSpec } from "@weft/auth";
import { describe, expect, test } from "vitest";
import { combinePermissions } from "./roles.ts";
import { errorsOf, loadText, optionsOf } from "./testdata/memory-source.ts";

const ROLES = `roles {
  reader { subscribe: [ "news.>" ] }
  writer { publish { allow: [ "news.>" ], deny: [ "news.secret" ] } }
  worker { subscribe: [ "jobs work" ], allow_responses: { max: 3, expires: "1m" } }
}
`;

function permissionsOf(text: string, user = "u"): PermissionsSpec | undefined {
  return optionsOf(text).auth.users.find((one) => one.user === user)?.permissions;
}

const userWith = (fields: string): string =>
  `${ROLES}authorization { users: [ { user: u, password: p, ${fields} } ] }`;

describe("roles", () => {
  test("SB-28: one role is what the same block would be as permissions", () => {
    expect(permissionsOf(userWith("role: reader"))).toEqual({ subscribe: { allow: ["news.>"] } });
    const inline =
      'permissions { subscribe: [ "jobs work" ], allow_responses: { max: 3, expires: "1m" } }';
    expect(permissionsOf(userWith("roles: [ worker ]"))).toEqual(permissionsOf(userWith(inline)));
  });

  test("SB-28: several roles, and permissions beside them, are united; deny stays", () => {
    const own = 'permissions { publish: [ "own.>" ], subscribe { deny: [ "news.x" ] } }';
    expect(permissionsOf(userWith(`roles: [ reader, writer, worker ], ${own}`))).toEqual({
      publish: { allow: ["own.>", "news.>"], deny: ["news.secret"] },
      subscribe: { allow: ["news.>", "jobs work"], deny: ["news.x"] },
      responses: { messagesMax: 3, expiresMs: 60_000 },
    });
  });

  test("AZ-03: an entry longer than the subject of any message is refused where it stands", () => {
    const long = `${"a.".repeat(2_049)}b`;
    const result = loadText(userWith(`permissions { publish: [ "a", "${long}" ] }`));
    const shown = `"${long.slice(0, 40)}" has 2050 tokens, at most 2049 are possible`;
    expect(result.ok ? [] : result.errors).toEqual([
      {
        message: `invalid permissions for user "u": publish allow: subject that begins with ${shown}`,
        at: { file: "test.conf", line: 6, column: 80 },
      },
    ]);
    expect(permissionsOf(userWith(`permissions { publish: [ "${long.slice(2)}" ] }`))).toEqual({
      publish: { allow: [long.slice(2)] },
    });
  });

  test("SB-28: what a role says nothing of it neither opens nor closes", () => {
    expect(
      combinePermissions([{ publish: { allow: ["a"] } }, { subscribe: { deny: ["b"] } }]),
    ).toEqual({ publish: { allow: ["a"] }, subscribe: { deny: ["b"] } });
    expect(combinePermissions([{}, { publish: { deny: ["a"] } }])).toEqual({
      publish: { deny: ["a"] },
    });
    const [two, never] = [2, -1].map((limit) => ({
      publish: { allow: [] },
      responses: { messagesMax: limit, expiresMs: 1_000 },
    }));
    expect(combinePermissions([two ?? {}, never ?? {}])).toEqual({
      publish: { allow: [] },
      responses: { messagesMax: -1, expiresMs: 1_000 },
    });
  });

  test("SB-28: defaults may be roles; a user's own role replaces them", () => {
    const text = `${ROLES}
      authorization { default_permissions: writer, users: [ { user: u, password: p } ] }
      accounts { A {
        default_permissions: [ reader, own ]
        roles { own { publish: [ "own" ] }, writer { publish: [ "near" ] } }
        users: [ { user: a, password: p }, { user: b, password: p, role: writer } ]
      } }`;
    expect(permissionsOf(text)).toEqual({ publish: { allow: ["news.>"], deny: ["news.secret"] } });
    const both = { publish: { allow: ["own"] }, subscribe: { allow: ["news.>"] } };
    expect(permissionsOf(text, "a")).toEqual(both);
    expect(optionsOf(text).accounts[0]?.defaultPermissions).toEqual(both);
    // The account's own role of that name.
    expect(permissionsOf(text, "b")).toEqual({ publish: { allow: ["near"] } });
  });

  test("SB-28: mistakes are errors with their place", () => {
    const places = (text: string): unknown => {
      const loaded = loadText(text);
      return loaded.ok
        ? ""
        : loaded.errors.map(({ at, message }) => [at?.line, at?.column, message]);
    };
    expect(places(`authorization { users: [\n { user: u, password: p, role: nobody } ] }`)).toEqual(
      [[2, expect.any(Number), 'role "nobody" is not defined']],
    );
    expect(errorsOf("accounts { A { default_permissions: nobody } }")).toEqual([
      'role "nobody" is not defined',
    ]);
    expect(
      errorsOf("accounts { A { roles { r {} } }, B { users: [{user: b, role: r}] } }"),
    ).toEqual(['role "r" is not defined']);
    expect(errorsOf(userWith("roles: []"))[0]).toMatch(/names no role/);
    expect(errorsOf('roles { r { publish: "a..b" } }')[0]).toMatch(/role "r".*not a valid subject/);
    expect(errorsOf("roles { r { pubish: a } }")[0]).toMatch(/Unknown field "pubish"/);
    expect(errorsOf("roles: x")[0]).toMatch(/Expected roles to be a map/);
  });
});
