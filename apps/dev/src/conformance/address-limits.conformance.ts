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

/** What `/metrics` says of a limit. */
async function throttled({ stderr }: { readonly stderr: string }, limit: string): Promise<number> {
  const place = /Starting http monitor on (\S+)/.exec(stderr)?.[1];
  const text = await (await fetch(`http://${place}/metrics`)).text();
  const line = new RegExp(`^weft_connections_throttled_total\\{limit="${limit}"\\} (\\d+)$`, "m");
  return Number(line.exec(text)?.[1]);
}

describeWithWorkers("limits of one address", (workers) => {
  itWeft("attack 64: connections in a second, for each address", async () => {
    const config = 'address_limits { connections_per_second: 5 }\nhttp: "127.0.0.1:-1"';
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
    const turnedAway = await throttled(server, "connections of an address");
    expect(turnedAway).toBe(40 - served.length);
    const again = async () => (await visit("127.0.0.2", server.port)) || undefined;
    expect(await eventually(again, "the next second")).toMatch(/^INFO /);
  });

  itWeft("attack 30: failed logins shut an address out, until a reload lets it in", async () => {
    const config = `${USERS}\naddress_limits { login_failures: 3 }\nhttp: "127.0.0.1:-1"`;
    const server = await serverForTest({ workers, config });
    for (let at = 0; at < 3; at += 1) {
      expect(await guess("127.0.0.2", server.port)).toContain("Authorization Violation");
    }
    const isOut = async () => (await visit("127.0.0.2", server.port)) === "" || undefined;
    await eventually(isOut, "the address to be shut out");
    expect(await throttled(server, "failed logins of an address")).toBeGreaterThan(0);
    const other = await rawForTest(server.port);
    await other.login({ user: "a", pass: "pw" });
    expect(await server.reload(`${config}\nmax_payload: 1000`)).toMatch(/^Reloaded/);
    expect(await visit("127.0.0.2", server.port)).toBe("");
    expect(await server.reload(`${USERS}\nhttp: "127.0.0.1:-1"`)).toMatch(/^Reloaded/);
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
