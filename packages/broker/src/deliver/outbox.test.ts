// Outbound bytes: order, amounts, limits, and that every slab comes back.
import { createPrng, LIMITS, type Prng, type Transport } from "@weft/base";
import { describe, expect, test } from "vitest";
import { CLIENT_KIND } from "../session/client-kind.ts";
import { Outbox, type OutboxHost } from "./outbox.ts";
import type { OutboxOwner } from "./receiver.ts";
import { type Slab, SlabPool } from "./slab-pool.ts";

/** The rules of these tests ask nothing of it. */
const OWNER: OutboxOwner = {
  kind: CLIENT_KIND,
  transport: { unsentBytes: 0 },
  flush: () => undefined,
};

/** Knows which slabs are lent. */
class CountingPool extends SlabPool {
  readonly lent = new Set<Slab>();

  override take(bytesMin: number): Slab {
    return this.#lend(super.take(bytesMin));
  }

  override takeSmall(): Slab {
    return this.#lend(super.takeSmall());
  }

  override release(slab: Slab): void {
    super.release(slab);
    if (slab.references === 0) this.lent.delete(slab);
  }

  #lend(slab: Slab): Slab {
    expect(this.lent.has(slab)).toBe(false);
    this.lent.add(slab);
    return slab;
  }
}

class Host implements OutboxHost {
  readonly slabs = new CountingPool();
  readonly dropAboveThreshold: boolean;
  readonly pendingBytesMax: number;
  touched = 0;
  overflowed = 0;
  lagged = 0;
  caughtUp = 0;

  constructor(pendingBytesMax: number, dropAboveThreshold = false) {
    this.pendingBytesMax = pendingBytesMax;
    this.dropAboveThreshold = dropAboveThreshold;
  }

  outboxTouched(): void {
    this.touched += 1;
  }

  /** As the core does it. */
  outboxOverflowed(outbox: Outbox): void {
    this.overflowed += 1;
    outbox.close();
  }

  outboxLagging(): void {
    this.lagged += 1;
  }

  outboxCaughtUp(): void {
    this.caughtUp += 1;
  }
}

class Sink implements Transport {
  readonly remoteAddress = "";
  readonly remotePort = 0;
  readonly localAddress = "";
  readonly localPort = 0;
  readonly unsentBytes = 0;
  /** The write under way. */
  chunks: Buffer[] | undefined;
  readonly received: Buffer[] = [];

  write(chunks: Buffer[]): void {
    expect(this.chunks).toBeUndefined();
    this.chunks = chunks;
  }

  /** Takes the bytes at the end of the write: until then they must not change. */
  finish(): boolean {
    if (this.chunks === undefined) return false;
    this.received.push(Buffer.concat(this.chunks));
    this.chunks = undefined;
    return true;
  }

  pauseReading(): void {}
  resumeReading(): void {}
  startTls(): void {}
  end(): void {}
  destroy(): void {}
}

function randomBytes(prng: Prng): Buffer {
  const sizes = [3, 60, 900, 2_048, 5_000, 40_000, LIMITS.slabBytes, LIMITS.slabBytes + 1];
  const most = sizes[prng.below(sizes.length)] as number;
  return Buffer.alloc(1 + prng.below(most), prng.below(256));
}

/** One random step; returns what was appended, if anything. */
function step(outbox: Outbox, sink: Sink, host: Host, prng: Prng): Buffer | undefined {
  const roll = prng.below(10);
  if (roll < 5) {
    const bytes = randomBytes(prng);
    outbox.append(bytes);
    return bytes;
  }
  if (roll < 6) {
    const bytes = randomBytes(prng);
    const slab = host.slabs.take(Math.max(bytes.length, LIMITS.slabBytes));
    bytes.copy(slab.bytes);
    outbox.appendShared(slab, bytes.length);
    host.slabs.release(slab);
    return bytes;
  }
  if (roll < 8) outbox.flush(sink);
  else if (sink.finish()) outbox.written();
  return undefined;
}

describe("outbox", () => {
  test("bytes leave in order and each slab comes back", () => {
    for (let seed = 1; seed <= 60; seed += 1) {
      const prng = createPrng(seed);
      const host = new Host(LIMITS.pendingBytesMax);
      const outbox = new Outbox(host, OWNER);
      const sink = new Sink();
      const appended: Buffer[] = [];
      for (let count = 0; count < 120; count += 1) {
        const bytes = step(outbox, sink, host, prng);
        if (bytes !== undefined) appended.push(bytes);
        const total = appended.reduce((sum, one) => sum + one.length, 0);
        const left = sink.received.reduce((sum, one) => sum + one.length, 0);
        expect(outbox.pendingBytes).toBe(total - left);
        expect(outbox.writtenBytes).toBe(left);
      }
      for (;;) {
        if (sink.finish()) outbox.written();
        if (outbox.pendingBytes === 0) break;
        outbox.flush(sink);
      }
      expect(Buffer.concat(sink.received).equals(Buffer.concat(appended))).toBe(true);
      expect(host.slabs.lent.size).toBe(0);
    }
  });

  test("a close gives memory back, that of the write under way when it ends", () => {
    for (let seed = 1; seed <= 60; seed += 1) {
      const prng = createPrng(seed);
      const host = new Host(LIMITS.pendingBytesMax);
      const outbox = new Outbox(host, OWNER);
      const sink = new Sink();
      for (let count = 0; count < 1 + prng.below(40); count += 1) step(outbox, sink, host, prng);
      outbox.close();
      outbox.append(Buffer.alloc(10));
      expect(outbox.grow(10)).toBe(-1);
      if (sink.finish()) outbox.written();
      expect(host.slabs.lent.size).toBe(0);
      expect(outbox.pendingBytes).toBe(0);
    }
  });

  test("what comes while a write is under way is announced again when it ends", () => {
    const host = new Host(LIMITS.pendingBytesMax);
    const outbox = new Outbox(host, OWNER);
    const sink = new Sink();
    outbox.append(Buffer.from("a"));
    expect(host.touched).toBe(1);
    outbox.flush(sink);
    outbox.append(Buffer.from("b"));
    outbox.flush(sink);
    outbox.append(Buffer.from("c"));
    const before = host.touched;
    sink.finish();
    outbox.written();
    expect(host.touched).toBe(before + 1);
    outbox.flush(sink);
    sink.finish();
    outbox.written();
    expect(Buffer.concat(sink.received).toString()).toBe("abc");
  });

  for (const pendingBytesMax of [100_000, LIMITS.stallHighBytes, LIMITS.stallHighBytes * 2]) {
    test(`CP-103: no more than ${pendingBytesMax} bytes wait`, () => {
      const host = new Host(pendingBytesMax);
      const outbox = new Outbox(host, OWNER);
      const body = Buffer.alloc(10_000);
      let accepted = 0;
      while (host.overflowed === 0 && accepted < pendingBytesMax * 2) {
        outbox.append(body);
        accepted += body.length;
      }
      expect(host.overflowed).toBe(1);
      expect(accepted).toBeLessThanOrEqual(pendingBytesMax + LIMITS.slabBytes + body.length);
      expect(accepted).toBeGreaterThan(pendingBytesMax - LIMITS.slabBytes);
      expect(host.slabs.lent.size).toBe(0);
    });
  }

  test("CP-105: lag is told while it lasts, and its end once", () => {
    const host = new Host(LIMITS.pendingBytesMax);
    const outbox = new Outbox(host, OWNER);
    const sink = new Sink();
    const body = Buffer.alloc(50_000);
    for (let bytes = 0; bytes < LIMITS.stallHighBytes * 1.5; bytes += body.length) {
      outbox.append(body);
    }
    expect(host.lagged).toBeGreaterThan(1);
    expect(outbox.lagging).toBe(true);
    outbox.flush(sink);
    expect(host.caughtUp).toBe(0);
    sink.finish();
    outbox.written();
    expect(host.caughtUp).toBe(1);
    expect(outbox.lagging).toBe(false);
  });

  test("a slab is released once per reference", () => {
    const pool = new SlabPool();
    const slab = pool.take(10);
    pool.release(slab);
    expect(() => pool.release(slab)).toThrow("slab released once per reference");
  });
});
