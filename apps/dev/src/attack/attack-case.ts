// What an attack is to the runner, and what it may use. Case names begin with the id of the attack:
// A01 to A72, or the number of an advisory.
import type { AttackedServer } from "./attacked-server.ts";
import type { ProfileName } from "./profiles.ts";
import type { Credentials, RawClient } from "./raw-client.ts";

/** The real numbers, or a short form of seconds. */
export const IS_FULL = process.env["WEFT_ATTACK"] === "full";

/** The number of the short form, or the one that the attack is about. */
export function scaled<T>(short: T, full: T): T {
  return IS_FULL ? full : short;
}

export interface AttackWorld {
  readonly server: AttackedServer;
  readonly port: number;
  readonly workers: number;
  readonly profile: ProfileName;
  /** A connection that has said nothing; closed when the case is over. */
  open(): Promise<RawClient>;
  /** The same with its INFO read, behind TLS where the profile has it. */
  openReady(): Promise<RawClient>;
  /** A connection that is logged in, over TLS where the profile has it; closed as the others. */
  login(credentials?: Credentials, options?: Readonly<Record<string, unknown>>): Promise<RawClient>;
  /** Many at once, in batches. */
  openMany(count: number): Promise<RawClient[]>;
}

export interface AttackCase {
  readonly name: string;
  /** Which server it is run against. */
  readonly profile: ProfileName;
  /** Longest time of the full form; short forms end within 30 s. */
  readonly fullWithinMs?: number | undefined;
  /**
   * Delay that a bystander may see even if it saw less before, in milliseconds, where the attack is
   * one on the machine rather than on the server.
   */
  readonly bystanderFloorMs?: number | undefined;
  /** Memory that may stay behind: heaps and the index keep what they once grew to. */
  readonly keptBytes?: number | undefined;
  /** Numbers of workers that the short form runs it with; default: all. */
  readonly shortWorkers?: readonly number[] | undefined;
  run(world: AttackWorld): Promise<void>;
}
