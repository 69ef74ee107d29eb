// What the system account says has the reference's shape: the same clients against both, every event
// and answer field by field. Where nats-server is installed, and with a newer one where it is named;
// differences that are wanted are listed with their reasons.
import { describe, expect, it } from "vitest";
import { laterReference, reference, whyNoLaterReference, whyNoReference } from "./reference.ts";
import { isOtherServer, startServer } from "./server-under-test.ts";
import { SYSTEM_CONFIG } from "./system-client.ts";
import { type Shapes, systemShapes } from "./system-shapes.ts";
import { WANTED_LATER_SHAPES, WANTED_SHAPES, type WantedShape } from "./wanted-shapes.ts";

/** `<name>/<field>:<type>` of what `one` says and `other` does not. */
function onlyIn(one: Shapes, other: Shapes): string[] {
  return Object.entries(one).flatMap(([name, fields]) =>
    fields
      .filter((field) => other[name]?.includes(field) !== true)
      .map((field) => `${name}/${field}`),
  );
}

const why = isOtherServer ? " [skipped: another program is under test]" : whyNoReference;
const whyNotLater = isOtherServer ? why : whyNoLaterReference;

/** Differences of both ways, and the reasons that are given for them. */
async function compare(
  command: readonly string[],
  isLate: boolean,
  reasons: readonly WantedShape[],
): Promise<void> {
  const theirs = await startServer({ config: SYSTEM_CONFIG, command });
  const expected = await systemShapes(theirs, isLate);
  const ours = await startServer({ config: SYSTEM_CONFIG, workers: 2 });
  const actual = await systemShapes(ours, isLate);
  expect(Object.keys(actual)).toEqual(Object.keys(expected));
  const differences = [
    ...onlyIn(actual, expected).map((text) => ({ only: "here", text })),
    ...onlyIn(expected, actual).map((text) => ({ only: "reference", text })),
  ];
  const unwanted = differences.filter(
    ({ only, text }) =>
      !reasons.some((wanted) => wanted.only === only && wanted.pattern.test(text)),
  );
  expect(unwanted, "differences without a reason").toEqual([]);
  const idle = reasons.filter(
    ({ only, pattern }) =>
      !differences.some((found) => found.only === only && pattern.test(found.text)),
  );
  expect(idle, "reasons without a difference").toEqual([]);
}

describe("shapes of the system account", () => {
  it.skipIf(why !== "")(
    `SY-01 to SY-36: events and answers have the reference's fields and types${why}`,
    () => compare([reference ?? ""], false, WANTED_SHAPES),
  );

  it.skipIf(whyNotLater !== "")(
    `SY-01 to SY-36: and those of a newer reference${whyNotLater}`,
    () => compare([laterReference ?? ""], true, WANTED_LATER_SHAPES),
  );
});
