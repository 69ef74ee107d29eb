// The list of closed connections names those too that were never served, and why.
import { afterEach, expect, test } from "vitest";
import { startServer, type WeftServer } from "./index.ts";
import { LineClient, until } from "./test-client.ts";

const CONFIG = `
  max_connections: 3
  authorization { timeout: 0.8 }
  accounts { A { users: [{ user: ann, password: a }], limits { max_connections: 1 } } }
`;
const servers: WeftServer[] = [];
const clients: LineClient[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) client.end();
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

test("CP-110 CP-111: refused connections are listed with their reasons", async () => {
  const server = await startServer({ config: CONFIG, host: "127.0.0.1", port: 0, workers: 2 });
  servers.push(server);
  const connect = async (): Promise<LineClient> => {
    const client = LineClient.to(server.url);
    clients.push(client);
    await client.reads(/^INFO /);
    return client;
  };
  const login = (name: string, pass: string): string =>
    `CONNECT {"verbose":false,"user":"ann","pass":"${pass}","name":"${name}"}\r\nPING\r\n`;
  const served = (await connect()).send(login("served", "a"));
  await served.reads(/PONG/);
  const isGone = async (client: LineClient): Promise<void> => {
    await until(() => client.closed);
    await until(() => server.counters().connections === 1);
  };
  await isGone((await connect()).send(login("wrong", "b")));
  await isGone((await connect()).send(login("second", "a")));
  const silent = [await connect(), await connect()];
  const tooMany = await connect();
  await until(() => tooMany.closed);
  expect(tooMany.text).toMatch(/-ERR 'maximum connections exceeded'\r\n$/);
  for (const client of silent) await isGone(client);
  served.end();
  await until(() => server.closedConnections().length === 6);
  const list = [...server.closedConnections()].sort((one, two) => one.clientId - two.clientId);
  expect(list.map(({ clientId, reason, name, user }) => [clientId, reason, name, user])).toEqual([
    [1, "Client Closed", "served", "ann"],
    [2, "Authentication Failure", "wrong", "ann"],
    [3, "Maximum Account Connections Exceeded", "second", "ann"],
    [4, "Authentication Timeout", "", ""],
    [5, "Authentication Timeout", "", ""],
    [6, "Maximum Connections Exceeded", "", ""],
  ]);
  for (const { address, port, startedAt, closedAt } of list) {
    expect(address).toBe("127.0.0.1");
    expect(port).toBeGreaterThan(0);
    expect(closedAt).toBeGreaterThanOrEqual(startedAt);
  }
});
