// What a subscription to imported messages is to the exporter, as the reference shows it.
import { describe, expect, test } from "vitest";
import { exporterFilter } from "./exporter-filter.ts";

describe("the exporter's filter", () => {
  test.each([
    // [filter of the importer, from, to, filter of the exporter]
    ["a.b", "a.b", undefined, "a.b"],
    [">", "a.>", undefined, "a.>"],
    ["a.x.>", "a.>", undefined, "a.x.>"],
    ["*.x", "a.*", undefined, "a.x"],
    ["from.news.*", "news.>", "from.news.>", "news.*"],
    ["from.>", "news.>", "from.news.>", "news.>"],
    ["seen.2.*", "cut.*.at.*", "seen.$2.$1", "cut.*.at.2"],
    ["seen.2.1", "cut.*.at.*", "seen.{{wildcard(2)}}.{{ Wildcard( 1 ) }}", "cut.1.at.2"],
    ["seen.>", "cut.*.at.*", "seen.$2.$1", "cut.*.at.*"],
    ["local", "one", "local", "one"],
    ["other", "one", "local", "one"],
  ])("AC-71: %s of %s to %s is %s", (filter, from, to, exported) => {
    expect(exporterFilter(filter, from, to)).toBe(exported);
  });
});
