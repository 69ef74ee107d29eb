// Several mechanisms in one configuration (GP-1, SA-22, SA-29): which account has which, what is refused
// and where, and that nothing changes without the key.
import { describe, expect, test } from "vitest";
import {
  EXAMPLE_ACCOUNT,
  EXAMPLE_ACCOUNT_TOKEN,
  EXAMPLE_OPERATOR,
} from "./testdata/example-operator.ts";
import { errorsOf, loadText, optionsOf } from "./testdata/memory-source.ts";

const ISSUER = "AACFFH2DD5JZEH7R7HS63RQFYBHNVAILFZ627DSCTO3F6C2CJ76R77MJ";
const SYSTEM = "ABYNQIZ6TOSZ4QKTI2RDUXIBPDEMBBLCFHD77YXHWXINC4BOYMSZFAJ6";
const OPERATED = `operator: "${EXAMPLE_OPERATOR}"
resolver: MEMORY
resolver_preload { ${EXAMPLE_ACCOUNT}: "${EXAMPLE_ACCOUNT_TOKEN}" }
`;
const AUTH = "AUTH { users: [ { user: auth, password: pw } ] }";

function callout(more = "allowed_accounts: [ C ]"): string {
  return `authorization { auth_callout {
    issuer: ${ISSUER}, account: AUTH, auth_users: [ auth ], ${more} } }\n`;
}

function file(accounts: string, more = callout()): string {
  return `mixed_authentication: true\n${OPERATED}${more}accounts {\n${AUTH}\n${accounts}\n}\n`;
}

function mechanisms(text: string): Readonly<Record<string, string>> {
  const { mixed } = optionsOf(text).auth;
  return Object.fromEntries(mixed?.accounts.map(({ name, mechanism }) => [name, mechanism]) ?? []);
}

/** Errors with line and column. */
function placed(text: string): string[] {
  const loaded = loadText(text);
  if (loaded.ok) throw new Error("expected errors");
  return loaded.errors.map(({ at, message }) => `${at?.line}:${at?.column}: ${message}`);
}

const USERS = "users: [ { user: u, password: p } ]";

describe("mixed_authentication", () => {
  test("SA-28: users, operators and a callout may stand together, with it only", () => {
    const text = file(`A { ${USERS} }\nC {}`);
    const options = optionsOf(text);
    expect(options).toMatchObject({ mixedAuthentication: true, oneMechanismPerAccount: true });
    expect(options.operator?.operators).toHaveLength(1);
    expect(errorsOf(text.replace("mixed_authentication: true", ""))).toEqual([
      "operators do not allow Accounts to be configured directly",
    ]);
    const plain = optionsOf("");
    expect([plain.mixedAuthentication, plain.oneMechanismPerAccount]).toEqual([false, false]);
    expect(plain.auth.mixed).toBeUndefined();
  });

  test("SA-29: what is not written follows from users and from the callout", () => {
    expect(mechanisms(file(`A { ${USERS} }\nC {}\nD {}`))).toEqual({
      AUTH: "static",
      A: "static",
      C: "callout",
      D: "static",
      $G: "static",
    });
    const all = file(`A { ${USERS} }\nC {}\nS {}`, callout(""));
    expect(mechanisms(`${all}system_account: ${SYSTEM}`)).toEqual({
      AUTH: "static",
      A: "static",
      C: "callout",
      S: "callout",
      $G: "callout",
    });
    const named = file("C {}", callout("allowed_accounts: [ C, '$G' ]"));
    expect(mechanisms(named)).toMatchObject({ $G: "callout" });
  });

  test("SA-29: written mechanisms", () => {
    const text = file(`A { mechanism: static }
      C { mechanism: callout }
      ${EXAMPLE_ACCOUNT} { mechanism: jwt }`);
    expect(mechanisms(text)).toMatchObject({ A: "static", [EXAMPLE_ACCOUNT]: "jwt", C: "callout" });
    // It comes from a resolver, so it is none of the configuration's.
    expect(optionsOf(text).accounts.map(({ name }) => name)).toEqual(["AUTH", "A", "C"]);
    expect(errorsOf("accounts { A { mechanism: static } }")).toEqual([
      '"mechanism" needs mixed_authentication: true',
    ]);
    expect(errorsOf(file("A { mechanism: ldap }\nC {}"))[0]).toMatch(/must be static, jwt or call/);
  });

  test("SA-22 SA-29: two mechanisms for one account are an error where they stand", () => {
    expect(placed(file(`C { mechanism: callout, ${USERS} }`))).toEqual([
      '9:34: account "C" has the mechanism callout (test.conf:9:5), not users',
    ]);
    expect(placed(file(`C { ${USERS} }`))).toEqual([
      '6:128: account "C" has the mechanism static, not callout: each account has one',
    ]);
    expect(placed(file("C { mechanism: static }"))[0]).toMatch(/^6:128: .*mechanism static/);
    expect(placed(file("C {}\nD { mechanism: callout }"))).toEqual([
      '10:5: no auth_callout may place users into account "D"',
    ]);
    expect(placed(file("A { mechanism: callout }", ""))[0]).toMatch(/^7:5: no auth_callout/);
    const global = callout("allowed_accounts: [ '$G' ]").replace("{", `{ ${USERS},`);
    expect(placed(file("", global))[0]).toMatch(/^6:\d+: account "\$G" has the mechanism static/);
    const key = callout(`allowed_accounts: [ ${EXAMPLE_ACCOUNT} ]`);
    expect(placed(file("", key))[0]).toMatch(/6:128: account ".*" has the mechanism jwt/);
    expect(placed(file("", callout("allowed_accounts: [ NONE ]")))[0]).toMatch(/not found in conf/);
  });

  test("SA-29: an account by token is none of the configuration", () => {
    const shown = /:1: account A\w+ stands in resolver_preload too: each account has one mechanism/;
    expect(placed(file(`C {}\nA { nkey: ${EXAMPLE_ACCOUNT} }`))[0]).toMatch(shown);
    expect(placed(file(`C {}\n${EXAMPLE_ACCOUNT} { ${USERS} }`))[0]).toMatch(shown);
    expect(placed(file(`C {}\nA { nkey: ${SYSTEM} }`))[0]).toMatch(/operators' system account/);
    expect(placed(file("C {}\nB { mechanism: jwt }"))).toEqual([
      '10:5: mechanism jwt: account "B" has to be named by its public key',
    ]);
    expect(placed(file(`C {}\n${EXAMPLE_ACCOUNT} { mechanism: jwt, ${USERS} }`))[0]).toMatch(
      /mechanism jwt: what the account has comes from its token, not "users"/,
    );
  });

  test("SA-29: a key means one account", () => {
    const twice = file(`C { nkey: ${ISSUER} }\nA { nkey: ${ISSUER} }`);
    expect(placed(twice)).toEqual([`10:1: account key ${ISSUER} stands for "C" and for "A"`]);
    const asName = file(`C { nkey: ${ISSUER} }\n${ISSUER} { ${USERS} }`);
    expect(placed(asName)[0]).toMatch(/^9:1: account key A\w+ stands for "A\w+" and for "C"$/);
    expect(mechanisms(file(`C {}\n${ISSUER} { nkey: ${ISSUER} }`))[ISSUER]).toBe("static");
  });

  test("SA-25: keys name accounts: those of the file by their names", () => {
    const text = file(`A { nkey: ${ISSUER}, exports: [ { stream: x } ] }
      C { imports: [
        { stream: { account: ${ISSUER}, subject: x } }
        { stream: { account: ${EXAMPLE_ACCOUNT}, subject: y } }
      ] }`);
    const imports = optionsOf(text).accounts.find(({ name }) => name === "C")?.imports;
    expect(imports?.map(({ account }) => account)).toEqual(["A", EXAMPLE_ACCOUNT]);
    expect(
      errorsOf(`accounts { C { imports: [ { stream: { account: ${ISSUER}, subject: x } } ] } }`),
    ).toEqual([`"${ISSUER}" account not defined for stream import`]);
  });

  test("GP-1: other contradictions", () => {
    expect(errorsOf(file("C {}", `one_mechanism_per_account: false\n${callout()}`))).toEqual([
      "mixed_authentication has one mechanism per account",
    ]);
    expect(
      errorsOf(`mixed_authentication: true\nsystem_account: NONE\n${OPERATED}`).join(),
    ).toContain("system_account");
    expect(errorsOf("mixed_authentication: maybe")[0]).toMatch(/expected a boolean/);
  });
});
