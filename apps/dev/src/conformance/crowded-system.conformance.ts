// The operator's requests beside a flood from a user of another account.
import { expect, it } from "vitest";
import { rawForTest } from "./raw-client.ts";
import { describeWithWorkers, useServer } from "./server-under-test.ts";
import { SYSTEM_CONFIG, SystemClient } from "./system-client.ts";

const FLOOD = "PUB $SYS.REQ.SERVER.PING.CONNZ nowhere 2\r\n{}\r\n".repeat(500);

describeWithWorkers("system account, crowded", (workers) => {
  const server = useServer({ workers, config: SYSTEM_CONFIG });

  it("attack 42: a flood of another account does not keep the operator from its orders", async () => {
    const system = await SystemClient.open(server());
    const flooder = await rawForTest(server().port);
    const clientId = Number((await flooder.info())["client_id"]);
    await flooder.login({ user: "other", pass: "pw", verbose: false });
    const { socket } = flooder;
    const pour = (): void => {
      while (!socket.destroyed && socket.write(FLOOD));
    };
    const closed = flooder.waitForClose();
    socket.on("drain", pour);
    pour();
    for (let asked = 0; asked < 3; asked += 1) {
      expect(await system.data("SERVER.PING.VARZ")).toMatchObject({ server_id: system.id });
    }
    await system.ask(`SERVER.${system.id}.KICK`, { cid: clientId });
    await closed;
  });
});
