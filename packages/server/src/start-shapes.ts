// What is wrong with the options that a program starts a server with, one by one. Control thread. What
// they mean together, and with a configuration, is judged when they are put together.
import type { ConfigProblem } from "@weft/base";
import { Findings } from "@weft/config";
import type { ReloadPart } from "@weft/runtime";
import { ACCOUNTS, USERS } from "./account-shapes.ts";
import {
  AUTH_USERS,
  HOST,
  LOGIN_TIMEOUT,
  OPTIONS,
  PORT,
  SERVER_NAME,
  WORKERS,
} from "./option-shapes.ts";
import { callable, isObject, listOf, members, type Shape, tell, text, word } from "./shape.ts";
import type { EmbeddedAuthentication, StartOptions } from "./start-options.ts";

const decision = members<EmbeddedAuthentication>(
  { hook: callable },
  { timeoutMs: LOGIN_TIMEOUT, authUsers: AUTH_USERS },
);

/** Of an object of a class, with a state of its own and methods that it inherits. */
const DECISION: Readonly<Record<keyof EmbeddedAuthentication, Shape>> = {
  hook: callable,
  timeoutMs: optional(LOGIN_TIMEOUT),
  authUsers: optional(AUTH_USERS),
};

const authentication: Shape = (value, place, findings) => {
  if (!isObject(value)) callable(value, place, findings);
  else if (isPlain(value)) decision(value, place, findings);
  else {
    for (const [name, shape] of Object.entries(DECISION)) {
      shape(Reflect.get(value, name), `${place}.${name}`, findings);
    }
  }
};

function optional(shape: Shape): Shape {
  return (value, place, findings) => {
    if (value !== undefined) shape(value, place, findings);
  };
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

const log: Shape = (value, place, findings) => {
  if (value === "stderr" || typeof value === "function") return;
  tell(findings, place, 'must be a function or "stderr"');
};

const PART_METHODS: Readonly<Record<keyof ReloadPart, Shape>> = {
  prepare: callable,
  applySnapshot: callable,
  onReloaded: callable,
};

/** It may be an object of a class, with methods that it inherits and a state of its own. */
const reloadPart: Shape = (value, place, findings) => {
  if (!isObject(value)) return tell(findings, place, "expected an object with functions");
  for (const [name, method] of Object.entries(PART_METHODS)) {
    const given: unknown = Reflect.get(value, name);
    if (given !== undefined) method(given, `${place}.${name}`, findings);
  }
};

const START = members<StartOptions>(
  {},
  {
    configFile: word,
    config: text,
    host: HOST,
    port: PORT,
    workers: WORKERS,
    name: SERVER_NAME,
    users: USERS,
    accounts: ACCOUNTS,
    authentication,
    options: OPTIONS,
    log,
    reloadParts: listOf(reloadPart),
  },
);

/** All findings, each with its place; empty = the options can be put together. */
export function startProblems(start: unknown): readonly ConfigProblem[] {
  const findings = new Findings();
  START(start, "", findings);
  if (isObject(start) && "configFile" in start && "config" in start) {
    const { configFile, config } = start;
    const isBoth = configFile !== undefined && config !== undefined;
    if (isBoth) tell(findings, "", "give either configFile or config, not both");
  }
  return findings.errors;
}
