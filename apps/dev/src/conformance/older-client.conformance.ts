// The older JavaScript client, still in wide use, against the server, over TCP and TLS.
import { describe } from "vitest";
import { olderNats, tlsOptions } from "./client-library.ts";
import { defineMessageCases, defineQueueCases } from "./core-cases.ts";
import { defineLifeCases, defineRequestCases } from "./request-cases.ts";
import { describeWithWorkers, useServer } from "./server-under-test.ts";
import { tlsBlock, trusting } from "./testdata/certificates.ts";

describeWithWorkers("nats 2.x", (workers) => {
  describe("over TCP", () => {
    const setting = { library: olderNats, server: useServer({ workers }), options: {} };
    defineMessageCases(setting);
    defineQueueCases(setting);
    defineRequestCases(setting);
    defineLifeCases(setting, { workers });
  });

  describe("over TLS", () => {
    const serverOptions = { workers, config: tlsBlock() };
    const options = tlsOptions(trusting);
    const setting = { library: olderNats, server: useServer(serverOptions), options };
    defineQueueCases(setting);
    defineRequestCases(setting);
    defineLifeCases(setting, serverOptions);
  });
});
