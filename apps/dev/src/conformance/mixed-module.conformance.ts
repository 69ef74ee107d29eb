// An authentication module and trusted proxies where several mechanisms stand beside each other (GP-1,
// GP-14, AN-81, AN-82): the module places into accounts of the configuration, and leaves the rest alone.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect } from "vitest";
import { MixedWorld } from "./mixed-world.ts";
import { type Key, newKey, verdictOf } from "./operator-world.ts";
import { type JsonObject, rawForTest } from "./raw-client.ts";
import {
  describeWithWorkers,
  itWeft,
  type ServerUnderTest,
  useServer,
} from "./server-under-test.ts";

const REFUSED = "Authorization Violation";
const folder = mkdtempSync(join(tmpdir(), "weft-mixed-module-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const path = join(folder, "authentication.mjs");

async function verdict(
  server: ServerUnderTest,
  fields: (nonce: Buffer) => JsonObject,
  proxy?: Key,
): Promise<string> {
  const client = await rawForTest(server.port);
  const nonce = Buffer.from(String((await client.info())["nonce"]));
  const sig = proxy && Buffer.from(proxy.sign(nonce)).toString("base64url");
  client.sendConnect({ ...fields(nonce), ...(sig === undefined ? {} : { proxy_sig: sig }) });
  client.send("PING\r\n");
  return verdictOf(client);
}

describeWithWorkers("a module beside several mechanisms", (workers) => {
  const world = new MixedWorld();
  const { bank } = world;
  writeFileSync(
    path,
    `export const authenticate = ({ connect: { user } }) =>
      user.startsWith("to ") ? { account: user.slice(3) } : "next";`,
  );
  const proxy = newKey("server");
  const teller = bank.user({ name: "teller" });
  const bound = bank.user({ name: "bound", body: { proxyRequired: true } });
  const server = useServer({
    workers,
    config: `${world.file()}
      authentication_module { file: "${path}" }
      proxies { trusted: [ { key: ${proxy.publicKey} } ] }`,
  });

  itWeft("GP-1 GP-14 AN-82: each leads where it may", async () => {
    await world.serve(server());
    const by = (user: string, pass = "") => verdict(server(), () => ({ user, pass }));
    const byToken = ({ token, key }: typeof teller, through?: Key) => {
      const fields = (nonce: Buffer) => ({
        jwt: token,
        sig: Buffer.from(key.sign(nonce)).toString("base64url"),
      });
      return verdict(server(), fields, through);
    };
    expect(await by("to SHOP")).toBe("PONG");
    expect([await by("to CRM"), await by(`to ${bank.id}`)]).toEqual([REFUSED, REFUSED]);
    expect([await by("ann", "ann-pw"), await by("ann", "x")]).toEqual(["PONG", REFUSED]);
    expect(await by("CRM-joe", "right")).toBe("PONG");
    expect(await byToken(teller)).toBe("PONG");
    expect([await byToken(bound), await byToken(bound, proxy)]).toEqual([REFUSED, "PONG"]);
    expect(await byToken(teller, newKey("server"))).toBe(REFUSED);
  });
});
