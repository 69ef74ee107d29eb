import { expect, test } from "vitest";
import { UnderWay } from "./under-way.ts";

test("are given back once", () => {
  const underWay = new UnderWay<string, number>(4);
  underWay.add("a", "A", "first", 100);
  underWay.add("b", "A", "second", 200);
  expect(underWay.count).toBe(2);
  expect(underWay.expire(100)).toEqual([{ question: "first", isAnswered: false }]);
  expect(underWay.arrive("a", 1)).toBeUndefined();
  expect(underWay.arrive("b", 2)).toBe("second");
  expect(underWay.arrive("b", 3)).toBeUndefined();
  expect(underWay.next()).toEqual({ question: "second", answer: 2 });
  expect(underWay.next()).toBeUndefined();
  expect(underWay.drop()).toEqual([]);
  underWay.add("c", "A", "third", 300);
  underWay.remove("c");
  underWay.remove("c");
  expect(underWay.arrive("c", 4)).toBeUndefined();
  expect(underWay.count).toBe(0);
});

test("AN-67: are bounded, and one service leaves room for others", () => {
  const underWay = new UnderWay<string, number>(64);
  const fill = (service: string): number => {
    let count = 0;
    for (; underWay.hasRoomFor(service); count += 1) {
      underWay.add(`${service}${count}`, service, service, count);
    }
    return count;
  };
  expect([fill("A"), fill("B"), fill("C")]).toEqual([32, 16, 8]);
  for (let more = 0; more < 100; more += 1) fill(`more ${more}`);
  expect(underWay.count).toBe(64);
  expect(underWay.hasRoomFor("late")).toBe(false);
  // The first 16 of A and B, and all of the others.
  expect(underWay.expire(15)).toHaveLength(48);
  expect([underWay.hasRoomFor("A"), underWay.hasRoomFor("late")]).toEqual([true, true]);
  expect(underWay.drop()).toHaveLength(16);
  expect(fill("A")).toBe(32);
});

test("AN-67: an answer keeps its place until it is judged", () => {
  const underWay = new UnderWay<string, number>(4);
  underWay.add("a1", "A", "A", 100);
  underWay.add("a2", "A", "A", 100);
  underWay.arrive("a1", 1);
  underWay.arrive("a2", 2);
  expect([underWay.count, underWay.hasRoomFor("A"), underWay.hasArrivals]).toEqual([
    2,
    false,
    true,
  ]);
  underWay.next();
  expect([underWay.count, underWay.hasRoomFor("A"), underWay.hasArrivals]).toEqual([1, true, true]);
  underWay.next();
  expect([underWay.count, underWay.hasArrivals]).toEqual([0, false]);
});

test("AN-67: answers of many services are judged in turn, those that are late are not", () => {
  const underWay = new UnderWay<string, string>(64);
  const arrive = (token: string, untilMs: number): void => {
    underWay.add(token, token.slice(0, 1), token, untilMs);
    underWay.arrive(token, `answer ${token}`);
  };
  const judged = (count: number): (string | undefined)[] =>
    Array.from({ length: count }, () => underWay.next()?.answer.slice(7));
  for (const token of ["a1", "a2", "a3", "a4"]) arrive(token, token === "a2" ? 50 : 100);
  for (const token of ["b1", "b2", "c1"]) arrive(token, token === "c1" ? 50 : 100);
  expect(judged(2)).toEqual(["a1", "b1"]);
  expect(underWay.expire(50)).toEqual([
    { question: "a2", isAnswered: true },
    { question: "c1", isAnswered: true },
  ]);
  arrive("d1", 100);
  expect(judged(5)).toEqual(["a3", "b2", "d1", "a4", undefined]);
  expect(underWay.count).toBe(0);
});
