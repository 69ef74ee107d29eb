// What a ports file says of listeners of each kind (OT-02).
import { networkInterfaces } from "node:os";
import { defaultOptions, type ServerOptions } from "@weft/config";
import { expect, test } from "vitest";
import { serverUrls } from "./ports-file.ts";

function urlsWith(options: Partial<ServerOptions>, monitoringUrl?: string): unknown {
  const all = { ...defaultOptions(), ...options };
  return serverUrls({ configuration: { options: all } as never, port: 4222, monitoringUrl });
}

test("OT-02: one URL for a listener of one address; what does not listen is absent", () => {
  expect(urlsWith({ host: "127.0.0.1" })).toEqual({ nats: ["nats://127.0.0.1:4222"] });
  expect(urlsWith({ host: "::1" })).toEqual({ nats: ["nats://[::1]:4222"] });
});

test("OT-02: the scheme says whether clients need TLS", () => {
  const tls = {} as NonNullable<ServerOptions["tls"]>;
  expect(urlsWith({ host: "a.test", tls })).toEqual({ nats: ["tls://a.test:4222"] });
  const both = urlsWith({ host: "a.test", tls, allowNonTls: true });
  expect(both).toEqual({ nats: ["nats://a.test:4222"] });
});

test("OT-02: a listener that takes any address is there under each of this machine", () => {
  const addresses = Object.values(networkInterfaces()).flatMap((it = []) =>
    it.map(({ address, family }) => (family === "IPv6" ? `[${address}]` : address)),
  );
  expect(addresses).toContain("127.0.0.1");
  for (const host of ["0.0.0.0", "::"]) {
    expect(urlsWith({ host })).toEqual({ nats: addresses.map((it) => `nats://${it}:4222`) });
  }
});

test("OT-02, MO-07: monitoring by its own host, scheme and port, also where that is the scheme's", () => {
  const monitoring = { host: "127.0.0.1" } as NonNullable<ServerOptions["monitoring"]>;
  const said = (url: string): unknown => urlsWith({ host: "::1", monitoring }, url);
  const nats = ["nats://[::1]:4222"];
  expect(said("http://127.0.0.1:8222")).toEqual({ nats, monitoring: ["http://127.0.0.1:8222"] });
  expect(said("https://127.0.0.1:443")).toEqual({ nats, monitoring: ["https://127.0.0.1:443"] });
  expect(said("http://127.0.0.1:80")).toEqual({ nats, monitoring: ["http://127.0.0.1:80"] });
});
