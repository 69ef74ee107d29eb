// Several mechanisms of authentication on one listener (GP-1, SA-22, SA-28, SA-29): SHOP by users of the
// configuration, BANK by tokens, CRM by a callout; what is asked of each, and what crosses between them.
import { nkeyAuthenticator, type NatsConnection } from "@nats-io/transport-node";
import { describe, expect, it, onTestFailed } from "vitest";
import { connectForTest } from "./client-library.ts";
import { MessageLog } from "./message-log.ts";
import { byAuthenticator, byPassword, MixedWorld } from "./mixed-world.ts";
import { login, rawLogin, TestAccount, verdictOf } from "./operator-world.ts";
import { rawForTest } from "./raw-client.ts";
import { describeWithWorkers, type ServerUnderTest, useServer } from "./server-under-test.ts";

const VIOLATION = "Authorization Violation";

async function verdict(server: ServerUnderTest, fields: Readonly<Record<string, unknown>>) {
  const client = await rawForTest(server.port);
  await client.info();
  client.sendConnect(fields);
  client.send("PING\r\n");
  return verdictOf(client);
}

async function accountOf(connection: NatsConnection): Promise<string> {
  const answer = await connection.request("$SYS.REQ.USER.INFO");
  return answer.json<{ data: { account: string } }>().data.account;
}

describeWithWorkers("mixed authentication", (workers) => {
  describe("on one listener", () => {
    const self = new TestAccount("SELF");
    const selfService = self.user({ name: "service" });
    const bearer = { bearerToken: true };
    const sentinel = self.user({ name: "sentinel", body: bearer });
    self.edit({
      authorization: {
        authUsers: [selfService.key.publicKey],
        allowedAccounts: ["*"],
        xkey: "",
      },
    });
    const world = new MixedWorld([self]);
    const server = useServer({ workers, config: world.file() });
    const teller = world.bank.user({ name: "teller" });

    it("SA-28 SA-29: each mechanism leads into its accounts, and nowhere else", async () => {
      onTestFailed(() => process.stdout.write(server().stderr));
      const { requests } = await world.serve(server());
      const key = nkeyAuthenticator(new TextEncoder().encode(world.userKey.seed));
      const accounts = await Promise.all(
        [
          byPassword(server(), "ann", "ann-pw"),
          byPassword(server(), "bob", "hashed-pw"),
          byAuthenticator(server(), key),
          connectForTest(server()),
          login(server(), teller),
          byPassword(server(), "CRM-joe", "right"),
        ].map(async (opening) => accountOf(await opening)),
      );
      expect(accounts).toEqual(["SHOP", "SHOP", "SHOP", "SHOP", world.bank.id, "CRM"]);
      expect(requests.map(({ nats }) => nats.connect_opts["user"])).toEqual(["CRM-joe"]);
      // The service names accounts of other mechanisms, or none.
      for (const user of ["SHOP-joe", "AUTH-joe", "$G-joe", `${world.bank.id}-joe`, "NONE-joe"]) {
        expect(await verdict(server(), { user, pass: "right" })).toBe(VIOLATION);
      }
      await server().waitForLog(/"SHOP" .*(?:not among the allowed|mechanism static)/);
      // Tokens for accounts of the configuration.
      const shop = new TestAccount("SHOP");
      expect(await verdictOf(await rawLogin(server(), shop.user()))).toBe(VIOLATION);
    });
  });
});
