// Runs attacks against one server and judges what every attack is judged by: the process lives, a
// bystander is served as before, memory and descriptors come back, and no secret was said.

import { availableParallelism } from "node:os";
import { type AttackCase, type AttackWorld, IS_FULL } from "./attack-case.ts";
import { AttackedServer } from "./attacked-server.ts";
import { Bystander, type BystanderFigures } from "./bystander.ts";
import { clientCertificate, PROFILES, type ProfileName } from "./profiles.ts";
import { type Credentials, RawClient } from "./raw-client.ts";
import { SECRET_MARK } from "./secrets.ts";
import { delay, waitFor } from "./waiting.ts";

const PACE_MS = 5;
const BASELINE_MS = IS_FULL ? 2_000 : 300;
/** A bystander that is served within this is served, whatever it was used to. */
const FLOOR_MS = 50;
/** ... where attacker, bystander and server share fewer cores than they have busy threads. */
const CROWDED_FLOOR_MS = 500;
const SAMPLES_MIN = IS_FULL ? 400 : 0;
const SETTLE_MS = 10_000;
const RESIDENT_SLACK_BYTES = 32 * 1024 * 1024;
/** Without the real numbers memory is what start-up garbage makes of it. */
const RESIDENT_SLACK_SHORT_BYTES = 256 * 1024 * 1024;
const OPEN_BATCH = 200;

type Certificate = ReturnType<typeof clientCertificate>;

/** One line of figures per case, for whoever wants to compare runs. */
export interface CaseFigures {
  readonly name: string;
  readonly workers: number;
  readonly baselineP99Ms: number;
  readonly p99Ms: number;
  readonly worstMs: number;
  readonly residentBefore: number;
  readonly residentAfter: number;
}

export class AttackRunner {
  readonly figures: CaseFigures[] = [];
  readonly #server: AttackedServer;
  readonly #bystander: Bystander;
  #before: BystanderFigures | undefined;
  /** Sockets of the server with only the bystander connected. */
  readonly #socketsAtRest: number;
  readonly #certificate: Certificate | undefined;

  private constructor(
    server: AttackedServer,
    bystander: Bystander,
    certificate: Certificate | undefined,
  ) {
    this.#server = server;
    this.#bystander = bystander;
    this.#socketsAtRest = server.sockets();
    this.#certificate = certificate;
  }

  static async start(profile: ProfileName, workers: number): Promise<AttackRunner> {
    const { config, flags, bystander: credentials, secure } = PROFILES[profile];
    const server = await AttackedServer.start({ workers, config, flags });
    const certificate = secure === true ? clientCertificate() : undefined;
    try {
      const bystander = await Bystander.start({
        port: server.port,
        credentials,
        secure: certificate,
        paceMs: PACE_MS,
      });
      await delay(100);
      return new AttackRunner(server, bystander, certificate);
    } catch (error) {
      await server.stop();
      throw new Error(`${(error as Error).message}\n${server.output().slice(-2000)}`);
    }
  }

  get server(): AttackedServer {
    return this.#server;
  }

  /** Throws what the attack achieved. */
  async run(attack: AttackCase): Promise<void> {
    const server = this.#server;
    const before = await this.#baseline();
    const residentBefore = server.residentBytes();
    const startedAt = performance.now();
    const clients: RawClient[] = [];
    try {
      await attack.run(worldOf(server, attack.profile, clients, this.#certificate));
    } finally {
      for (const client of clients) client.destroy();
    }
    this.#assertAlive(attack.name);
    // A percentile of a few samples is their worst: what follows the attack counts as well.
    const lacking = SAMPLES_MIN * PACE_MS - (performance.now() - startedAt);
    if (lacking > 0) await delay(lacking);
    const during = await this.#bystander.take();
    assertServed(attack, before, during, server.workers);
    await this.#assertSettled(residentBefore + (attack.keptBytes ?? 0));
    this.figures.push({
      name: attack.name,
      workers: server.workers,
      baselineP99Ms: before.p99Ms,
      p99Ms: during.p99Ms,
      worstMs: during.worstMs,
      residentBefore,
      residentAfter: server.residentBytes(),
    });
  }

  /** What the bystander is used to; the short form measures it once, which its floor allows. */
  async #baseline(): Promise<BystanderFigures> {
    if (!IS_FULL && this.#before !== undefined) {
      await this.#bystander.take();
      return this.#before;
    }
    await this.#bystander.take();
    await delay(BASELINE_MS);
    this.#before = await this.#bystander.take();
    return this.#before;
  }

  /** Ends the server in order and searches everything that it said. */
  async stop(): Promise<void> {
    await this.#bystander.stop();
    if (this.#server.isAlive) this.#server.signal("SIGTERM");
    const exit = await Promise.race([this.#server.ended, delay(5_000)]);
    const output = this.#server.output();
    await this.#server.stop();
    const at = output.indexOf(SECRET_MARK);
    if (at >= 0) {
      throw new Error(`a secret was logged: ${output.slice(Math.max(0, at - 200), at + 100)}`);
    }
    if (exit === undefined) throw new Error("the server did not end within 5 s of SIGTERM");
  }

  #assertAlive(name: string): void {
    if (this.#server.isAlive) return;
    const { exit } = this.#server;
    throw new Error(
      `${name}: the server ended ${JSON.stringify(exit)}\n${this.#server.output().slice(-3000)}`,
    );
  }

  async #assertSettled(residentBefore: number): Promise<void> {
    const server = this.#server;
    const slack = IS_FULL ? RESIDENT_SLACK_BYTES : RESIDENT_SLACK_SHORT_BYTES;
    const isSettled = (): boolean =>
      server.sockets() <= this.#socketsAtRest && server.residentBytes() <= residentBefore + slack;
    await waitFor(isSettled, SETTLE_MS).catch(() => {
      throw new Error(
        `10 s after the attack: sockets ${server.sockets()}, at rest ` +
          `${this.#socketsAtRest}; memory ${megabytes(server.residentBytes())} MB, before ` +
          `${megabytes(residentBefore)} MB`,
      );
    });
  }
}

function worldOf(
  server: AttackedServer,
  profile: ProfileName,
  clients: RawClient[],
  certificate: Certificate | undefined,
): AttackWorld {
  const { port, workers } = server;
  const kept = (client: RawClient): RawClient => {
    clients.push(client);
    return client;
  };
  return {
    server,
    profile,
    port,
    workers,
    open: async () => kept(await RawClient.open(port)),
    openReady: async () => kept(await RawClient.openReady(port, certificate)),
    login: async (credentials?: Credentials, options?: Readonly<Record<string, unknown>>) =>
      kept(await RawClient.login(port, credentials, options, certificate)),
    openMany: async (count) => {
      const opened: RawClient[] = [];
      while (opened.length < count) {
        const size = Math.min(OPEN_BATCH, count - opened.length);
        const batch = Array.from({ length: size }, () => RawClient.open(port));
        for (const client of await Promise.all(batch)) opened.push(kept(client));
      }
      return opened;
    },
  };
}

function assertServed(
  attack: AttackCase,
  before: BystanderFigures,
  during: BystanderFigures,
  workers: number,
): void {
  if (during.trouble !== undefined) {
    throw new Error(`${attack.name}: the bystander saw ${during.trouble}`);
  }
  const isCrowded = !IS_FULL || availableParallelism() <= workers;
  const floorMs = Math.max(isCrowded ? CROWDED_FLOOR_MS : FLOOR_MS, attack.bystanderFloorMs ?? 0);
  const allowedMs = Math.max(2 * before.p99Ms, floorMs);
  if (during.p99Ms > allowedMs) {
    throw new Error(
      `${attack.name}: a bystander waited ${during.p99Ms.toFixed(1)} ms (p99 of ` +
        `${during.count}), ${before.p99Ms.toFixed(1)} ms before; ${allowedMs.toFixed(1)} allowed`,
    );
  }
}

function megabytes(bytes: number): string {
  return (bytes / 1024 / 1024).toFixed(1);
}
