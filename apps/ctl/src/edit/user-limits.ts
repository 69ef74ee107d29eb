// Options that set the limits of a user or of the template of a scoped signing key.
import type { TimeRange, UserPermissionLimits } from "@weft/jwt";
import type { Arguments } from "../command-line/arguments.ts";
import type { OptionSpec } from "../command-line/command.ts";
import { usageFailure } from "../command-line/failure.ts";
import { numberValue } from "../command-line/values.ts";
import { editedList, editedSorted, lowered } from "./lists.ts";
import { editPermissions, PERMISSION_OPTIONS, PERMISSION_REMOVALS } from "./permissions.ts";

const CONNECTION_TYPES = [
  "STANDARD",
  "WEBSOCKET",
  "LEAFNODE",
  "LEAFNODE_WS",
  "MQTT",
  "MQTT_WS",
  "IN_PROCESS",
];

export const BEARER_OPTION: OptionSpec = {
  name: "bearer",
  help: "the token is enough to log in, without the seed",
};
export const NETWORK_OPTION: OptionSpec = {
  name: "source-network",
  value: "CIDR",
  isList: true,
  help: "may connect from this network",
};

export const USER_LIMIT_OPTIONS: readonly OptionSpec[] = [
  ...PERMISSION_OPTIONS,
  ...PERMISSION_REMOVALS,
  BEARER_OPTION,
  { name: "proxy-required", help: "must connect through a trusted proxy" },
  NETWORK_OPTION,
  { name: "rm-source-network", value: "CIDR", isList: true, help: "remove a network" },
  {
    name: "conn-type",
    value: "TYPE",
    isList: true,
    help: `may connect as: ${CONNECTION_TYPES.join(" ")}`,
  },
  { name: "rm-conn-type", value: "TYPE", isList: true, help: "remove a connection type" },
  {
    name: "time",
    value: "FROM-TO",
    isList: true,
    help: "may be connected at these times: hh:mm:ss-hh:mm:ss",
  },
  { name: "rm-time", value: "FROM", isList: true, help: "remove the times that begin at hh:mm:ss" },
  { name: "locale", value: "ZONE", help: "time zone of the times, such as Europe/Berlin" },
  { name: "subs", value: "N", help: "subscriptions at most; -1 = no limit" },
  { name: "data", value: "BYTES", help: "kept for other tools; no server enforces it" },
  { name: "payload", value: "BYTES", help: "size of a message at most; -1 = no limit" },
];

const TIME_OF_DAY = /^(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d$/;

function connectionTypes(words: Arguments, name: string): readonly string[] {
  return words.list(name).map((word) => {
    const type = word.toUpperCase();
    if (CONNECTION_TYPES.includes(type)) return type;
    throw usageFailure(`--${name}: "${word}" is none of ${CONNECTION_TYPES.join(", ")}`);
  });
}

function timeRange(text: string): TimeRange {
  const [start = "", end = "", ...more] = text.split("-");
  if (more.length > 0 || !TIME_OF_DAY.test(start) || !TIME_OF_DAY.test(end)) {
    throw usageFailure(`--time: "${text}" is not of the form 08:00:00-17:30:00`);
  }
  return { start, end };
}

function editedTimes(
  before: readonly TimeRange[] | undefined,
  words: Arguments,
): readonly TimeRange[] | undefined {
  const removed = new Set(words.list("rm-time"));
  const added = words.list("time").map(timeRange);
  const times = [...(before ?? []), ...added].filter(({ start }) => !removed.has(start));
  return times.length === 0 ? undefined : times;
}

function editedZone(before: string, words: Arguments): string {
  const zone = words.text("locale");
  if (zone === undefined || zone === "") return zone ?? before;
  try {
    new Intl.DateTimeFormat("en", { timeZone: zone });
  } catch {
    throw usageFailure(`--locale: "${zone}" is no time zone such as Europe/Berlin`);
  }
  return zone;
}

/** What the options of {@link USER_LIMIT_OPTIONS} say, over what was there. */
export function editUserLimits<L extends UserPermissionLimits>(before: L, words: Arguments): L {
  const types = editedList(
    before.allowedConnectionTypes?.map((type) => type.toUpperCase()),
    connectionTypes(words, "conn-type"),
    connectionTypes(words, "rm-conn-type"),
  );
  return {
    ...before,
    ...editPermissions(before, words, true),
    bearerToken: words.truth("bearer") ?? before.bearerToken,
    proxyRequired: words.truth("proxy-required") ?? before.proxyRequired,
    sourceNetworks: editedSorted(
      before.sourceNetworks,
      lowered(words.list("source-network")),
      lowered(words.list("rm-source-network")),
    ),
    allowedConnectionTypes: types.length === 0 ? undefined : types,
    times: editedTimes(before.times, words),
    timesLocation: editedZone(before.timesLocation, words),
    subscriptionsMax: numberValue(words, "subs") ?? before.subscriptionsMax,
    dataBytesMax: numberValue(words, "data") ?? before.dataBytesMax,
    payloadBytesMax: numberValue(words, "payload") ?? before.payloadBytesMax,
  };
}
