// Durations of the configuration: `500ms`, `10s`, `2m`, `8h`, `7d`.
import { z } from "zod";

const UNITS_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** Reads a duration into milliseconds. */
export const durationMs = z.string().transform((text, context) => {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text);
  if (match !== null) return Number(match[1]) * (UNITS_MS[match[2] ?? ""] ?? 0);
  context.addIssue({ code: "custom", message: "a duration such as 10s, 2m or 8h is wanted" });
  return z.NEVER;
});
