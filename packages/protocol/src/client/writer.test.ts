// The answer that nobody is there (CP-47, CP-64).
import { describe, expect, test } from "vitest";
import { noRespondersMessage } from "./writer.ts";

describe("writer", () => {
  test("CP-64 no responders: sizes, status line and the subject that was asked", () => {
    const message = noRespondersMessage(
      Buffer.from("inbox.42"),
      Buffer.from("7"),
      Buffer.from("silent"),
    );
    const header = "NATS/1.0 503\r\nNats-Subject: silent\r\n\r\n";
    expect(message.toString()).toBe(
      `HMSG inbox.42 7 ${header.length} ${header.length}\r\n${header}\r\n`,
    );
    expect(header.length).toBe(32 + "silent".length);
  });
});
