// A blocked worker is told once, and once when it is back.
import { Heartbeats } from "@weft/shm";
import { afterEach, expect, test } from "vitest";
import { processMs } from "./clocks.ts";
import { BLOCKED_AFTER_MS, Watchdog } from "./watchdog.ts";

let dog: Watchdog | undefined;
afterEach(() => dog?.stop());

test("F27: blocked for 5 s, and back", () => {
  const region = Heartbeats.createRegion(3);
  const beats = new Heartbeats(region);
  const told: string[] = [];
  dog = new Watchdog({
    heartbeats: region,
    onBlocked: (worker) => told.push(`blocked ${worker}`),
    onRecovered: (worker) => told.push(`back ${worker}`),
  });
  let now = processMs();
  const look = (): void => {
    now += 1_000;
    beats.beat(1, now);
    dog?.look(now);
  };
  beats.beat(2, now);
  for (let second = 0; second <= BLOCKED_AFTER_MS / 1_000; second += 1) look();
  expect(told).toEqual(["blocked 2"]);
  expect(dog.blocked).toEqual([2]);
  look();
  expect(told).toHaveLength(1);
  beats.beat(2, now);
  look();
  expect(told).toEqual(["blocked 2", "back 2"]);
  expect(dog.blocked).toEqual([]);
});

test("F27: a pause of the whole process is nobody's block", () => {
  const region = Heartbeats.createRegion(2);
  const beats = new Heartbeats(region);
  const told: number[] = [];
  const onBlocked = (worker: number): void => {
    told.push(worker);
  };
  dog = new Watchdog({ heartbeats: region, onBlocked, onRecovered: () => undefined });
  const now = processMs();
  beats.beat(1, now);
  dog.look(now + 60_000);
  beats.beat(1, now + 60_100);
  dog.look(now + 61_000);
  expect(told).toEqual([]);
});
