// Options that set the limits of an account, its JetStream limits among them.
import type { AccountLimitsClaim, JetStreamLimits } from "@weft/jwt";
import type { Arguments } from "../command-line/arguments.ts";
import type { OptionSpec } from "../command-line/command.ts";
import { Failure, usageFailure } from "../command-line/failure.ts";
import { boundedNumber, numberValue } from "../command-line/values.ts";

function limit(name: string, what: string): OptionSpec {
  return { name, value: "N", help: `${what}; -1 = no limit` };
}

const JETSTREAM_VALUES: readonly OptionSpec[] = [
  { name: "js-tier", value: "N", help: "replicas that the JetStream options are for; 0 = all" },
  limit("js-mem-storage", "bytes of JetStream in memory; 0 = none"),
  limit("js-disk-storage", "bytes of JetStream on disk; 0 = none"),
  limit("js-streams", "streams"),
  limit("js-consumer", "consumers"),
  limit("js-max-mem-stream", "bytes of one stream in memory"),
  limit("js-max-disk-stream", "bytes of one stream on disk"),
  limit("js-max-ack-pending", "unacknowledged messages of a consumer"),
  { name: "js-max-bytes-required", help: "streams must be given a size" },
];
const JETSTREAM_SWITCHES: readonly OptionSpec[] = [
  { name: "js-enable", value: "N", help: "JetStream without limits for a tier; 0 = for all" },
  { name: "js-disable", help: "no JetStream" },
  { name: "rm-js-tier", value: "N", help: "remove the limits of a tier; 0 = those for all" },
];

export const ACCOUNT_LIMIT_OPTIONS: readonly OptionSpec[] = [
  limit("conns", "connections"),
  limit("leaf-conns", "connections of leaf nodes"),
  limit("subscriptions", "subscriptions"),
  limit("payload", "bytes of a message"),
  limit("data", "kept for other tools; no server enforces it"),
  limit("exports", "exports"),
  limit("imports", "imports"),
  { name: "wildcard-exports", help: "exports may have wildcards" },
  { name: "disallow-bearer", help: "refuse users with bearer tokens" },
  ...JETSTREAM_VALUES,
  ...JETSTREAM_SWITCHES,
];

const VALUE_NAMES = JETSTREAM_VALUES.map(({ name }) => name);
const REPLICAS_MAX = 5;
const NONE: JetStreamLimits = {
  memoryStorageBytesMax: 0,
  diskStorageBytesMax: 0,
  streamsMax: 0,
  consumersMax: 0,
  ackPendingMax: 0,
  memoryStreamBytesMax: 0,
  diskStreamBytesMax: 0,
  maxBytesRequired: false,
};
const ENABLED: JetStreamLimits = { ...NONE, memoryStorageBytesMax: -1, diskStorageBytesMax: -1 };
/** What nsc gives to a tier of which only some limits are named. */
const UNNAMED: JetStreamLimits = {
  ...NONE,
  streamsMax: -1,
  consumersMax: -1,
  ackPendingMax: -1,
  memoryStreamBytesMax: -1,
  diskStreamBytesMax: -1,
};

/** nsc writes the other limits also where there is no JetStream. */
function isEnabled(limits: JetStreamLimits): boolean {
  return limits.memoryStorageBytesMax !== 0 || limits.diskStorageBytesMax !== 0;
}

function tierName(tier: number): string {
  return `R${tier}`;
}

export function editAccountLimits(
  before: AccountLimitsClaim,
  words: Arguments,
): AccountLimitsClaim {
  const number = (name: string, value: number): number => numberValue(words, name) ?? value;
  const limits: AccountLimitsClaim = {
    ...before,
    connectionsMax: number("conns", before.connectionsMax),
    leafnodesMax: number("leaf-conns", before.leafnodesMax),
    subscriptionsMax: number("subscriptions", before.subscriptionsMax),
    payloadBytesMax: number("payload", before.payloadBytesMax),
    dataBytesMax: number("data", before.dataBytesMax),
    exportsMax: number("exports", before.exportsMax),
    importsMax: number("imports", before.importsMax),
    wildcardExports: words.truth("wildcard-exports") ?? before.wildcardExports,
    disallowBearer: words.truth("disallow-bearer") ?? before.disallowBearer,
  };
  return editJetStream(limits, words);
}

/** True if the options give JetStream to the account. */
export function asksForJetStream(words: Arguments): boolean {
  return words.has("js-enable") || words.hasAny(VALUE_NAMES);
}

function editJetStream(limits: AccountLimitsClaim, words: Arguments): AccountLimitsClaim {
  const switches = JETSTREAM_SWITCHES.filter(({ name }) => words.has(name));
  const only = switches[0];
  if (switches.length > 1 || (only !== undefined && words.hasAny(VALUE_NAMES))) {
    throw usageFailure(`--${only?.name} stands alone among the JetStream options`);
  }
  if (words.flag("js-disable")) return { ...limits, ...NONE, tiers: new Map() };
  const removed = boundedNumber(words, "rm-js-tier", 0, REPLICAS_MAX);
  if (removed !== undefined) return removeTier(limits, removed);
  const enabled = boundedNumber(words, "js-enable", 0, REPLICAS_MAX);
  if (enabled !== undefined) {
    const known = tierLimits(limits, enabled);
    if (isEnabled(known)) throw new Failure(`JetStream is enabled already: tier ${enabled}`);
    return setTier(limits, enabled, ENABLED);
  }
  if (!words.hasAny(VALUE_NAMES)) return limits;
  const tier = boundedNumber(words, "js-tier", 0, REPLICAS_MAX) ?? 0;
  return setTier(limits, tier, editTier(tierLimits(limits, tier), words));
}

function tierLimits(limits: AccountLimitsClaim, tier: number): JetStreamLimits {
  if (tier !== 0) return limits.tiers.get(tierName(tier)) ?? NONE;
  const { tiers: _tiers, ...rest } = limits;
  return rest;
}

function editTier(known: JetStreamLimits, words: Arguments): JetStreamLimits {
  const before = isEnabled(known) ? known : UNNAMED;
  const number = (name: string, value: number): number => numberValue(words, name) ?? value;
  return {
    memoryStorageBytesMax: number("js-mem-storage", before.memoryStorageBytesMax),
    diskStorageBytesMax: number("js-disk-storage", before.diskStorageBytesMax),
    streamsMax: number("js-streams", before.streamsMax),
    consumersMax: number("js-consumer", before.consumersMax),
    ackPendingMax: number("js-max-ack-pending", before.ackPendingMax),
    memoryStreamBytesMax: number("js-max-mem-stream", before.memoryStreamBytesMax),
    diskStreamBytesMax: number("js-max-disk-stream", before.diskStreamBytesMax),
    maxBytesRequired: words.truth("js-max-bytes-required") ?? before.maxBytesRequired,
  };
}

/** Limits for all tiers and those of single ones exclude each other. */
function setTier(
  limits: AccountLimitsClaim,
  tier: number,
  value: JetStreamLimits,
): AccountLimitsClaim {
  if (tier === 0) {
    if (limits.tiers.size > 0) {
      const names = [...limits.tiers.keys()].join(", ");
      throw new Failure(
        `the account has limits of tiers (${names}): remove them with --rm-js-tier`,
      );
    }
    return { ...limits, ...value };
  }
  if (isEnabled(tierLimits(limits, 0))) {
    throw new Failure("the account has JetStream limits for all tiers: use --rm-js-tier 0 first");
  }
  return { ...limits, ...NONE, tiers: new Map(limits.tiers).set(tierName(tier), value) };
}

function removeTier(limits: AccountLimitsClaim, tier: number): AccountLimitsClaim {
  if (tier === 0) return { ...limits, ...NONE };
  const tiers = new Map(limits.tiers);
  if (!tiers.delete(tierName(tier))) throw new Failure(`the account has no tier ${tierName(tier)}`);
  return { ...limits, tiers };
}
