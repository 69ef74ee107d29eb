// The two ways in which decrypted bytes come: into our buffer, and as events where Node offers
// nothing else. Both keep order and completeness, whatever the session does in between.
import { randomBytes } from "node:crypto";
import type tls from "node:tls";
import { afterEach, describe, expect, test } from "vitest";
import { type RecordingSession, type TestClient, TestServer, until } from "./test-peers.ts";
import { echoes, infoThenTls, TLS_BASE, upgrade } from "./test-tls-peers.ts";

let server: TestServer | undefined;
afterEach(async () => {
  await server?.stop();
  server = undefined;
});

interface NativeTls {
  useUserBuffer?: unknown;
}

/** What all native TLS sockets of this process have in common. */
function nativeKind(client: TestClient): NativeTls {
  const { _handle: native } = client.socket as tls.TLSSocket & { _handle: object };
  let kind: object | null = native;
  while (kind !== null && !Object.hasOwn(kind, "useUserBuffer")) kind = Object.getPrototypeOf(kind);
  expect(kind).not.toBeNull();
  return kind as NativeTls;
}

const PAYLOAD = randomBytes(3 * 1024 * 1024);

describe.each(["into the buffer", "as events"])("%s", (way) => {
  async function connected(
    onOpen: (session: RecordingSession) => void,
  ): Promise<{ readonly client: TestClient; readonly session: RecordingSession }> {
    server = await new TestServer({ tls: TLS_BASE, onOpen }).start();
    const first = await upgrade(server);
    await echoes(first, "PING\r\n");
    const kind = nativeKind(first);
    const { useUserBuffer } = kind;
    if (way === "as events") kind.useUserBuffer = undefined;
    try {
      const client = await upgrade(server);
      await echoes(client, "PING\r\n");
      const session = server.sessions[1] as RecordingSession;
      expect(session.facts?.version).toBe("TLSv1.3");
      return { client, session };
    } finally {
      kind.useUserBuffer = useUserBuffer;
    }
  }

  test("large messages stay whole", async () => {
    const { client, session } = await connected(infoThenTls);
    session.react = undefined;
    session.chunks.length = 0;
    client.socket.write(PAYLOAD);
    await until(() => Buffer.concat(session.chunks).length === PAYLOAD.length, 10_000);
    expect(Buffer.concat(session.chunks).equals(PAYLOAD)).toBe(true);
    client.socket.end();
    await until(() => session.closedCount === 1);
    expect(session.closed?.cause).toBe("peer");
  });

  test("a session that pauses gets the rest when it resumes, and nothing twice", async () => {
    const { client, session } = await connected(infoThenTls);
    session.chunks.length = 0;
    let pauses = 0;
    session.react = () => {
      pauses += 1;
      if (pauses > 60) return;
      session.transport.pauseReading();
      const resume = (): void => session.transport.resumeReading();
      if (pauses % 3 === 0) setTimeout(resume, 2);
      else if (pauses % 3 === 1) setImmediate(resume);
      else resume();
    };
    client.socket.write(PAYLOAD);
    await until(() => Buffer.concat(session.chunks).length === PAYLOAD.length, 15_000);
    expect(Buffer.concat(session.chunks).equals(PAYLOAD)).toBe(true);
    expect(pauses).toBeGreaterThan(60);
    client.socket.destroy();
  });

  test("a session that ends in the middle gets nothing more", async () => {
    const { client, session } = await connected(infoThenTls);
    let endedAt = 0;
    session.react = () => {
      expect(endedAt).toBe(0);
      if (session.bytesSeen < 100_000) return;
      endedAt = session.bytesSeen;
      session.transport.end();
    };
    client.socket.write(PAYLOAD);
    await until(() => session.closedCount === 1);
    expect(session.bytesSeen).toBe(endedAt);
    expect(server?.faults).toEqual([]);
    client.socket.destroy();
  });
});
