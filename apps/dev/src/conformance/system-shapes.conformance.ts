// What the system account says has the reference's shape: the same clients against both, every event
// and answer field by field. Where nats-server is installed; differences that are wanted are listed
// with their reasons.
import { describe, expect, it } from "vitest";
import { reference, whyNoReference } from "./reference.ts";
import { isOtherServer, startServer } from "./server-under-test.ts";
import { SYSTEM_CONFIG } from "./system-client.ts";
import { type Shapes, systemShapes } from "./system-shapes.ts";
import { WANTED_SHAPES } from "./wanted-shapes.ts";

/** `<name>/<field>:<type>` of what `one` says and `other` does not. */
function onlyIn(one: Shapes, other: Shapes): string[] {
  return Object.entries(one).flatMap(([name, fields]) =>
    fields
      .filter((field) => other[name]?.includes(field) !== true)
      .map((field) => `${name}/${field}`),
  );
}

const why = isOtherServer ? " [skipped: another program is under test]" : whyNoReference;

describe.skipIf(why !== "")(`shapes of the system account${why}`, () => {
  it("SY-01 to SY-36: events and answers have the reference's fields and types", async () => {
    const command = [reference ?? ""];
    const expected = await systemShapes(await startServer({ config: SYSTEM_CONFIG, command }));
    const actual = await systemShapes(await startServer({ config: SYSTEM_CONFIG, workers: 2 }));
    expect(Object.keys(actual)).toEqual(Object.keys(expected));
    const differences = [
      ...onlyIn(actual, expected).map((text) => ({ only: "here", text })),
      ...onlyIn(expected, actual).map((text) => ({ only: "reference", text })),
    ];
    const unwanted = differences.filter(
      ({ only, text }) =>
        !WANTED_SHAPES.some((wanted) => wanted.only === only && wanted.pattern.test(text)),
    );
    expect(unwanted, "differences without a reason").toEqual([]);
    const idle = WANTED_SHAPES.filter(
      ({ only, pattern }) =>
        !differences.some((found) => found.only === only && pattern.test(found.text)),
    );
    expect(idle, "reasons without a difference").toEqual([]);
  });
});
