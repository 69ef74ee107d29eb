// Cases of the steps that cannot be compiled into a plan: what each adds to one message.
import { compilePermissions, ResponseTracker } from "@weft/auth";
import { createPrng } from "@weft/base";
import { ResponseShares } from "@weft/broker";
import { isEmptyBlock, removeHeader } from "@weft/protocol";
import { compileMapping } from "@weft/subjects";
import type { MicroCase } from "./micro-case.ts";

const SUBJECTS = 4096;

function weightedMapping(): MicroCase {
  const prepare = (): ((count: number) => number) => {
    const result = compileMapping("orders.*", [
      { subject: "orders.stable.$1", weight: 80 },
      { subject: "orders.canary.$1", weight: 20 },
    ]);
    if (!result.ok) throw new Error(result.errors.join(", "));
    const prng = createPrng(1);
    const subjects = Array.from({ length: SUBJECTS }, (_, n) => `orders.${n}`);
    return (count) => {
      let bytes = 0;
      for (let n = 0; n < count; n++) {
        bytes += result.mapping.apply(subjects[n % SUBJECTS] ?? "", prng)?.length ?? 0;
      }
      return bytes;
    };
  };
  return { name: "step: weighted mapping", unit: "message", prepare };
}

function allowResponses(): MicroCase {
  const prepare = (): ((count: number) => number) => {
    const tracker = new ResponseTracker(
      { messagesMax: 1, expiresMs: 120_000 },
      { account: 1, room: new ResponseShares(1 << 27) },
    );
    const replies = Array.from({ length: SUBJECTS }, (_, n) => `_INBOX.c001.${n}`);
    return (count) => {
      let granted = 0;
      for (let n = 0; n < count; n++) {
        const reply = replies[n % SUBJECTS] ?? "";
        tracker.delivered(reply, n);
        if (tracker.answerAllowed(reply, n)) granted++;
      }
      if (granted !== count) throw new Error("an answer was refused");
      return granted;
    };
  };
  return { name: "step: allow_responses", unit: "request and answer", prepare };
}

function permissionVerdict(): MicroCase {
  const prepare = (): ((count: number) => number) => {
    const allow = Array.from({ length: 50 }, (_, n) => `area${n}.*.unit.>`);
    const permissions = compilePermissions({ publish: { allow } });
    const subjects = Array.from({ length: SUBJECTS }, (_, n) => `area${n % 60}.a.unit.${n}`);
    return (count) => {
      let allowed = 0;
      for (let n = 0; n < count; n++) {
        if (permissions.publishAllowed(subjects[n % SUBJECTS] ?? "")) allowed++;
      }
      return allowed;
    };
  };
  return { name: "step: permission verdict on a miss", unit: "subject", prepare };
}

function headerRemoval(): MicroCase {
  const prepare = (): ((count: number) => number) => {
    const block = Buffer.from("NATS/1.0\r\nkey: value\r\nNats-Trace-Dest: trace.here\r\n\r\n");
    return (count) => {
      let bytes = 0;
      for (let n = 0; n < count; n++) {
        const rest = removeHeader(block, "Nats-Trace-Dest");
        bytes += isEmptyBlock(rest) ? 0 : rest.length;
      }
      return bytes;
    };
  };
  return { name: "step: header removed", unit: "message", prepare };
}

export const stepCases: readonly MicroCase[] = [
  weightedMapping(),
  allowResponses(),
  permissionVerdict(),
  headerRemoval(),
];
