// A program that adds accounts and users to a configuration with several mechanisms (GP-1).
import { afterEach, expect, test } from "vitest";
import { ConfigurationError, startServer, type WeftServer } from "./index.ts";
import { LineClient } from "./test-client.ts";

const TRUSTED = "OCJJJWO7746RJMRBQH6U6CIGTM6ZLIEA5G2MS2NBMPYTAVRFQI6J2HWR";
const CONFIG = `
  listen: "127.0.0.1:-1"
  mixed_authentication: true
  trusted_keys: [ ${TRUSTED} ]
  resolver: MEMORY
  accounts { FILE { users: [ { user: f, password: p } ] } }
`;
const ADDED = {
  accounts: [{ name: "ADDED" }],
  users: [{ user: "a", password: "p", account: "ADDED" }],
};

let server: WeftServer | undefined;
afterEach(() => server?.close());

async function answerTo(user: string, pass: string): Promise<string> {
  const client = LineClient.to(server?.url ?? "");
  const connect = JSON.stringify({ verbose: false, user, pass });
  client.send(`CONNECT ${connect}\r\nPING\r\n`);
  const [answer] = await client.reads(/^(?:PONG|-ERR .*)\r\n/m);
  client.end();
  return answer.trim();
}

test("GP-1: users of added accounts are users of the configuration", async () => {
  server = await startServer({ workers: 1, config: CONFIG, ...ADDED });
  expect(await answerTo("f", "p")).toBe("PONG");
  expect(await answerTo("a", "p")).toBe("PONG");
  expect(await answerTo("a", "x")).toBe("-ERR 'Authorization Violation'");
  expect(await answerTo("b", "p")).toBe("-ERR 'Authorization Violation'");
});

test("GP-1: an import from nowhere, and a mode that is only half said, stop the start", async () => {
  const missing = {
    accounts: [
      { name: "ADDED", imports: [{ kind: "stream" as const, account: "NONE", subject: "x" }] },
    ],
  };
  await expect(startServer({ config: CONFIG, ...missing })).rejects.toThrow(
    /"NONE" account not defined/,
  );
  const half = startServer({ options: { mixedAuthentication: true } });
  await expect(half).rejects.toThrow(ConfigurationError);
});
