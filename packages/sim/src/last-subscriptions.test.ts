// MO-20: what the record of a finished connection says of its subscriptions.
import { readLastSubscriptions } from "@weft/broker";
import { expect, test } from "vitest";
import { World } from "./world.ts";

function recordOf(text: string) {
  const world = new World({ seed: 1, workers: 1 });
  const client = world.connect(1);
  client.send(text);
  world.settle();
  client.send("boom\r\n");
  world.settle();
  expect(world.closed).toHaveLength(1);
  const [record] = world.closed;
  return { record, kept: readLastSubscriptions(record?.subscriptionList) };
}

test("MO-20: subject, queue, sid, deliveries and end of each", () => {
  const { record, kept } = recordOf("SUB a 1\r\nSUB b.> q s2\r\nUNSUB s2 5\r\nPUB a 1\r\nx\r\n");
  expect(record).toMatchObject({ subscriptions: 2 });
  expect(kept).toMatchObject([
    { subject: "a", sid: "1", delivered: 1, max: 0 },
    { subject: "b.>", queue: "q", sid: "s2", delivered: 0, max: 5 },
  ]);
});

test("MO-20: none leaves no list", () => {
  const { record, kept } = recordOf("SUB a 1\r\nUNSUB 1\r\n");
  expect(record).toMatchObject({ subscriptions: 0 });
  expect(record?.subscriptionList).toBeUndefined();
  expect(kept).toEqual([]);
});

test("MO-20: of many, or of long ones, only the first are kept; all are counted", () => {
  const many = Array.from({ length: 40 }, (_, sid) => `SUB a.${sid} ${sid}\r\n`).join("");
  const crowd = recordOf(many);
  expect(crowd.record).toMatchObject({ subscriptions: 40 });
  expect(crowd.kept.map(({ subject }) => subject)).toEqual(
    Array.from({ length: 16 }, (_, sid) => `a.${sid}`),
  );
  const long = Array.from({ length: 4 }, (_, sid) => `SUB ${"x".repeat(400)} ${sid}\r\n`).join("");
  expect(recordOf(long).kept).toHaveLength(2);
});
