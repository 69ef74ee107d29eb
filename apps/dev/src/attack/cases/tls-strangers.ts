// A32, A33, A64: who has no good certificate, who wants a worse TLS, and who only shakes hands.
import { readFileSync } from "node:fs";
import { type ConnectionOptions, connect as connectTls } from "node:tls";
import { type AttackCase, type AttackWorld, scaled } from "../attack-case.ts";
import { AttackedServer } from "../attacked-server.ts";
import { clientCertificate, credentialsOf, TLS_FILES } from "../profiles.ts";
import { RawClient } from "../raw-client.ts";
import { reloadAgain } from "../reload-client.ts";
import { within } from "../waiting.ts";
import { check, repeat } from "./expect.ts";

/** What a client may want, and whether a good certificate gets it in with that. */
const SCAN: readonly (readonly [string, ConnectionOptions, boolean])[] = [
  ["TLS 1.0", worse("TLSv1"), false],
  ["TLS 1.1", worse("TLSv1.1"), false],
  ["TLS 1.2", { minVersion: "TLSv1.2", maxVersion: "TLSv1.2" }, true],
  ["TLS 1.3", { minVersion: "TLSv1.3" }, true],
  ...["AES128-GCM-SHA256", "AES256-SHA", "DHE-RSA-AES128-SHA", "NULL-SHA256", "ADH-AES128-SHA"].map(
    (ciphers) => [ciphers, { maxVersion: "TLSv1.2", ciphers: weak(ciphers) }, false] as const,
  ),
];

function worse(version: "TLSv1" | "TLSv1.1"): ConnectionOptions {
  return { minVersion: version, maxVersion: version, ciphers: weak("ALL") };
}

/** OpenSSL of the client has to be told that it may. */
function weak(ciphers: string): string {
  return `${ciphers}:@SECLEVEL=0`;
}

/** Logs in over TLS as `alice`; false when the server refuses at whatever point. */
async function comesIn(port: number, options: ConnectionOptions): Promise<boolean> {
  const client = await RawClient.login(port, credentialsOf("alice"), {}, options).catch(
    () => undefined,
  );
  client?.destroy();
  return client !== undefined;
}

/** Whether HTTPS is spoken with a client like this. */
async function shakesHands(port: number, options: ConnectionOptions): Promise<boolean> {
  const socket = connectTls({ host: "127.0.0.1", port, rejectUnauthorized: false, ...options });
  const done = new Promise<boolean>((resolve) => {
    socket.once("secureConnect", () => resolve(true)).once("error", () => resolve(false));
  });
  return within(done, 10_000, "a handshake").finally(() => socket.destroy());
}

async function assertFloor(port: number, monitorPort: number | undefined): Promise<void> {
  const certificate = clientCertificate();
  for (const [name, options, isGood] of SCAN) {
    const isIn = await comesIn(port, { ...certificate, ...options });
    check(isIn === isGood, `${name}: ${isIn ? "let in" : "refused"}`);
    check(!(await comesIn(port, options)), `${name}: let in without a certificate`);
    if (monitorPort === undefined) continue;
    const isServed = await shakesHands(monitorPort, options);
    check(
      isServed === isGood,
      `${name} at the monitoring port: ${isServed ? "served" : "refused"}`,
    );
  }
  // Clear text behind the INFO, and TLS before it.
  const clear = await RawClient.open(port);
  clear.send(`CONNECT ${JSON.stringify(credentialsOf("alice"))}\r\nPING\r\n`);
  check(await clear.closes(5_000), "clear text is not refused");
  check(!clear.received.includes("PONG"), "clear text was served");
  const first = await shakesHands(port, certificate);
  check(!first, "TLS before the INFO is spoken where nobody asked for it");
}

/** A33, by file, again after a reload, and by flags. */
async function tlsFloor(world: AttackWorld): Promise<void> {
  const { server } = world;
  const said = await server.said(/Starting https monitor on \S+:(\d+)/, 5_000);
  await assertFloor(world.port, Number(said[1]));
  await reloadAgain(server);
  await assertFloor(world.port, Number(said[1]));
  const { certificate, key, authority } = TLS_FILES;
  const paths = ["--tlscert", certificate, "--tlskey", key, "--tlscacert", authority];
  const { user, pass } = credentialsOf("alice");
  const flags = ["--tlsverify", ...paths, "--user", String(user), "--pass", String(pass)];
  const flagged = await AttackedServer.start({ workers: world.workers, flags });
  try {
    await assertFloor(flagged.port, undefined);
  } finally {
    await flagged.stop();
  }
}

/** A32. Certificates of strangers, and none, many at once. */
async function strangers(world: AttackWorld): Promise<void> {
  const shown: ConnectionOptions[] = [{}];
  for (const [cert, key] of Object.values(TLS_FILES.strangers)) {
    shown.push({ cert: readFileSync(cert), key: readFileSync(key) });
  }
  const versions = ["TLSv1.2", "TLSv1.3"] as const;
  for (let round = 0; round < scaled(5, 100); round += 1) {
    const attempts = shown.flatMap((certificate) =>
      versions.map((version) =>
        comesIn(world.port, { ...certificate, minVersion: version, maxVersion: version }),
      ),
    );
    const served = (await Promise.all(attempts)).filter(Boolean).length;
    check(served === 0, `${served} of ${attempts.length} strangers were let in`);
  }
  check(await comesIn(world.port, clientCertificate()), "a good certificate is refused");
}

/** A64. Handshakes one after the other, finished or not, from one address. */
async function handshakeChurn(world: AttackWorld): Promise<void> {
  const certificate = clientCertificate();
  const count = scaled(200, 20_000);
  const atOnce = 20;
  for (let at = 0; at < count; at += atOnce) {
    await Promise.all(
      repeat(atOnce, async (index) => {
        if (index % 4 === 0) {
          const client = await RawClient.open(world.port);
          client.send("\x16\x03\x01\x02\x00");
          client.destroy();
          return;
        }
        const options = index % 4 === 1 ? {} : certificate;
        const client = await RawClient.openSecure(world.port, options).catch(() => undefined);
        client?.destroy();
      }),
    );
  }
  check(await comesIn(world.port, certificate), "a good client is not served after the churn");
}

export const TLS_STRANGERS: readonly AttackCase[] = [
  { name: "A32: certificates of strangers", profile: "mutual", run: strangers },
  {
    name: "A33: worse TLS, by file, reload and flags",
    profile: "mutual",
    bystanderFloorMs: 1_000,
    run: tlsFloor,
  },
  {
    name: "A64: handshakes that lead nowhere",
    profile: "mutual",
    fullWithinMs: 600_000,
    bystanderFloorMs: 1_000,
    run: handshakeChurn,
  },
];
