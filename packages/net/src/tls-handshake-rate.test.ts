// The limit on handshakes per second: exact, whoever asks (TL-12).
import { Worker } from "node:worker_threads";
import { expect, test } from "vitest";
import { HANDSHAKE_RATE_BYTES, HandshakeRate } from "./tls-handshake-rate.ts";

function region(): SharedArrayBuffer {
  return new SharedArrayBuffer(HANDSHAKE_RATE_BYTES);
}

test("TL-12: a window begins with its first connection and admits so many", () => {
  const rate = new HandshakeRate({ perSecondMax: 3, region: region() });
  const at = (nowMs: number, times: number) =>
    Array.from({ length: times }, () => rate.admits(nowMs)).filter(Boolean).length;
  expect(at(50_000, 2)).toBe(2);
  expect(at(50_700, 5)).toBe(1);
  expect(at(51_000, 5)).toBe(0);
  expect(at(51_001, 5)).toBe(3);
  expect(at(52_001, 1)).toBe(0);
  expect(at(99_000, 9)).toBe(3);
});

test("TL-12: a limit of one, one above every bound, and a clock that has just begun", () => {
  const one = new HandshakeRate({ perSecondMax: 1, region: region() });
  expect([one.admits(0), one.admits(0), one.admits(1_001)]).toEqual([true, false, true]);
  const many = new HandshakeRate({ perSecondMax: 2 ** 40, region: region() });
  for (let count = 0; count < 1_000; count += 1) expect(many.admits(5)).toBe(true);
});

test("TL-12: whoever counts the first rejected one reports all", () => {
  const shared = region();
  const [one, two] = [0, 1].map(() => new HandshakeRate({ perSecondMax: 1, region: shared }));
  expect([one!.countRejected(), two!.countRejected(), one!.countRejected()]).toEqual([
    true,
    false,
    false,
  ]);
  expect(one!.takeRejected()).toBe(3);
  expect(two!.takeRejected()).toBe(0);
  expect(two!.countRejected()).toBe(true);
});

test("TL-12: exact over threads that ask at the same time", async () => {
  const limit = 7_000;
  const options = { perSecondMax: limit, region: region() };
  const source = `
    const { workerData, parentPort } = require("node:worker_threads");
    import(workerData.module).then(({ HandshakeRate }) => {
      const rate = new HandshakeRate(workerData.options);
      let admitted = 0;
      for (let count = 0; count < 20_000; count += 1) if (rate.admits(80_000)) admitted += 1;
      parentPort.postMessage(admitted);
    });`;
  const workerData = {
    module: new URL("./tls-handshake-rate.ts", import.meta.url).href,
    options,
  };
  const admitted = await Promise.all(
    [1, 2, 3].map(
      () =>
        new Promise<number>((resolve, reject) => {
          const thread = new Worker(source, { eval: true, workerData });
          thread.once("message", resolve);
          thread.once("error", reject);
        }),
    ),
  );
  expect(admitted.reduce((sum, count) => sum + count, 0)).toBe(limit);
});
