// Shapes of the users and accounts that a program gives. What they mean together is judged where those
// of a file are too: `validateAuth`, `compileAccounts`. Control thread; tables only.
import type {
  AccountLimitsSpec,
  AccountSpec,
  ExportSpec,
  ImportSpec,
  LatencySpec,
  MappingDestinationSpec,
  MappingSpec,
  MessageTraceSpec,
} from "@weft/accounts";
import type { PermissionsSpec, ResponsePermission, SubjectRules, UserSpec } from "@weft/auth";
import type { SourcePosition } from "@weft/base";
import { VALUE_BOUNDS } from "@weft/config";
import {
  duration,
  flag,
  isObject,
  listOf,
  members,
  oneOf,
  type Shape,
  tell,
  text,
  whole,
  word,
} from "./shape.ts";

const PERCENT_MAX = 100;
const limit = whole(-1, VALUE_BOUNDS.int32Max);
const kind = oneOf("stream", "service");

const position = members<SourcePosition>({ file: text, line: whole(), column: whole() }, {});

const subjects = members<SubjectRules>({}, { allow: listOf(text), deny: listOf(text) });

const responses = members<ResponsePermission>(
  { messagesMax: whole(), expiresMs: duration(Number.MIN_SAFE_INTEGER) },
  {},
);

const permissions = members<PermissionsSpec>(
  {},
  { publish: subjects, subscribe: subjects, responses },
);

const connectionType = oneOf(
  "STANDARD",
  "WEBSOCKET",
  "LEAFNODE",
  "LEAFNODE_WS",
  "MQTT",
  "MQTT_WS",
  "IN_PROCESS",
);

const userMembers = members<UserSpec>(
  { user: text },
  {
    password: text,
    nkey: text,
    account: text,
    permissions,
    allowedConnectionTypes: listOf(connectionType),
    proxyRequired: flag,
    at: position,
  },
);

/** Either a name or an nkey: as in a file, nothing else tells who it is. */
const user: Shape = (value, place, findings) => {
  userMembers(value, place, findings);
  if (!isObject(value)) return;
  const { user: name, password = "", nkey } = value as Partial<UserSpec>;
  if (nkey === undefined && name === "") tell(findings, `${place}.user`, "must not be empty");
  if (nkey !== undefined && (name !== "" || password !== "")) {
    tell(findings, `${place}.nkey`, "must stand without a user's name and password");
  }
};

export const USERS: Shape = listOf(user);

const destination = members<MappingDestinationSpec>(
  { subject: text },
  { weight: whole(0, PERCENT_MAX), cluster: text, at: position },
);

export const MAPPINGS: Shape = listOf(
  members<MappingSpec>({ source: text, destinations: listOf(destination) }, { at: position }),
);

const sampling: Shape = (value, place, findings) => {
  if (value !== "headers") whole(1, PERCENT_MAX)(value, place, findings);
};

const latency = members<LatencySpec>({ samplingPercent: sampling, subject: text }, {});

const exported = members<ExportSpec>(
  { kind, subject: text },
  {
    accounts: listOf(text),
    responseType: oneOf("singleton", "stream", "chunked"),
    responseThresholdMs: duration(0),
    latency,
    accountTokenPosition: whole(0),
    allowTrace: flag,
    at: position,
  },
);

const imported = members<ImportSpec>(
  { kind, account: text, subject: text },
  { prefix: text, to: text, share: flag, allowTrace: flag, activated: flag, at: position },
);

const limits = members<AccountLimitsSpec>(
  {},
  { connectionsMax: limit, subscriptionsMax: limit, payloadBytesMax: limit, leafnodesMax: limit },
);

const messageTrace = members<MessageTraceSpec>(
  { destination: text, samplingPercent: whole(1, PERCENT_MAX) },
  {},
);

export const ACCOUNTS: Shape = listOf(
  members<AccountSpec>(
    { name: word },
    {
      nkey: text,
      nameTag: text,
      limits,
      mappings: MAPPINGS,
      exports: listOf(exported),
      imports: listOf(imported),
      defaultPermissions: permissions,
      messageTrace,
      at: position,
    },
  ),
);
