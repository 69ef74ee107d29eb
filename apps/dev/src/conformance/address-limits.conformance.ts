// `address_limits`, off by default: what one address may do, while others are served (attacks 30, 64).
import { connect } from "node:net";
import { expect } from "vitest";
import { eventually } from "./deadline.ts";
import { rawForTest } from "./raw-client.ts";
import { describeWithWorkers, itWeft, serverForTest } from "./server-under-test.ts";

const USERS = "authorization { users: [ { user: a, password: pw } ] }";

/** One connection from this address: everything that it reads until it is closed. */
function readFrom(localAddress: string, port: number, text: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port, localAddress });
    let read = "";
    socket.setEncoding("latin1");
    socket.on("data", (chunk) => {
      if (read === "") socket.end(text);
      read += chunk;
    });
    // Closed without a word is a reset where the client had sent something.
    socket.on("error", () => undefined);
    socket.on("close", () => resolve(read));
  });
}

const visit = (address: string, port: number): Promise<string> => readFrom(address, port, "");
const guess = (address: string, port: number): Promise<string> =>
  readFrom(address, port, 'CONNECT {"user":"a","pass":"guess"}\r\nPING\r\n');

describeWithWorkers("limits of one address", (workers) => {
  itWeft("attack 64: connections in a second, for each address", async () => {
    const config = "address_limits { connections_per_second: 5 }";
    const server = await serverForTest({ workers, config });
    const bystander = await (await rawForTest(server.port)).login();
    const crowd = await Promise.all(
      Array.from({ length: 40 }, () => visit("127.0.0.2", server.port)),
    );
    const served = crowd.filter((read) => read.startsWith("INFO "));
    // All come within a second, or, on a machine that is held up, in few of them.
    expect(served.length).toBeGreaterThanOrEqual(5);
    expect(served.length).toBeLessThan(30);
    expect(crowd.filter((read) => read === "").length).toBe(40 - served.length);
    expect(await visit("127.0.0.3", server.port)).toMatch(/^INFO /);
    await bystander.ping();
    const line = /\[WRN\] address_limits: \d+ connections closed, the first of 127\.0\.0\.2\n/;
    await eventually(() => server.stderr.match(line) ?? undefined, "the line in the log");
    const again = async () => (await visit("127.0.0.2", server.port)) || undefined;
    expect(await eventually(again, "the next second")).toMatch(/^INFO /);
  });

  itWeft("attack 30: failed logins shut an address out, until a reload lets it in", async () => {
    const config = `${USERS}\naddress_limits { login_failures: 3 }`;
    const server = await serverForTest({ workers, config });
    for (let at = 0; at < 3; at += 1) {
      expect(await guess("127.0.0.2", server.port)).toContain("Authorization Violation");
    }
    const isOut = async () => (await visit("127.0.0.2", server.port)) === "" || undefined;
    await eventually(isOut, "the address to be shut out");
    const other = await rawForTest(server.port);
    await other.login({ user: "a", pass: "pw" });
    expect(await server.reload(`${config}\nmax_payload: 1000`)).toMatch(/^Reloaded/);
    expect(await visit("127.0.0.2", server.port)).toBe("");
    expect(await server.reload(USERS)).toMatch(/^Reloaded/);
    expect(await visit("127.0.0.2", server.port)).toMatch(/^INFO /);
  });

  itWeft("are not there unless they are asked for", async () => {
    const server = await serverForTest({ workers, config: USERS });
    for (let at = 0; at < 15; at += 1) {
      expect(await guess("127.0.0.2", server.port)).toContain("Authorization Violation");
    }
    const crowd = Array.from({ length: 100 }, () => visit("127.0.0.2", server.port));
    for (const read of await Promise.all(crowd)) expect(read).toMatch(/^INFO /);
  });
});
