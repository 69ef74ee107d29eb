// Test support: who may log in and what they may do, decided a second time from the JSON of the
// tokens alone, in the plainest way. It shares no code with the package; it knows IPv4 and time zones
// of a fixed offset only.

import type {
  JudgedAccount,
  JudgedConnection,
  JudgedOperator,
  JudgedUser,
  Judgement,
  Rights,
  Token,
} from "./judged-tokens.ts";

const OFFSET_MINUTES: Record<string, number> = { UTC: 0, "Asia/Kathmandu": 345, "Asia/Tokyo": 540 };
const MINUTE_MS = 60_000;
const DAY_MS = 1_440 * MINUTE_MS;

function wellFormed(subject: string): boolean {
  return subject.split(".").every((token) => token !== "" && !token.includes(" "));
}

function matches(filter: string, subject: string): boolean {
  const wanted = filter.split(".");
  const given = subject.split(".");
  if (wanted.at(-1) === ">") {
    if (given.length < wanted.length) return false;
    wanted.pop();
  } else if (wanted.length !== given.length) return false;
  return wanted.every((token, at) => token === "*" || token === given[at]);
}

/** All texts that an entry of a template becomes; undefined where a variable has no value. */
function expand(entry: string, user: JudgedUser, account: JudgedAccount): (string | undefined)[] {
  const open = entry.indexOf("{{");
  if (open === -1) return [wellFormed(entry) ? entry : undefined];
  const close = entry.indexOf("}}", open);
  const operation = entry.slice(open + 2, close).trim();
  const [, scope, wanted] = /^(account-)?tag\((.*)\)$/.exec(operation) ?? [];
  const tags = (scope === undefined ? user.nats.tags : account.nats.tags) ?? [];
  const values: Record<string, string | undefined> = {
    "name()": user.name ?? "",
    "subject()": user.sub,
    "account-name()": account.name ?? "",
    "account-subject()": user.nats.issuer_account ?? "",
  };
  const found =
    wanted === undefined
      ? [values[operation] as string]
      : tags
          .filter((tag) => tag.startsWith(`${wanted}:`))
          .map((tag) => tag.slice(wanted.length + 1));
  if (found.length === 0) return [undefined];
  return found.flatMap((value) =>
    expand(entry.slice(0, open) + value + entry.slice(close + 2), user, account),
  );
}

/** One side of a template, or "refused". */
function resolve(side: Rights["pub"], user: JudgedUser, account: JudgedAccount) {
  const hasVariable = (list: string[] = []) => list.some((entry) => entry.includes("{{"));
  const all = (list: string[] = []) =>
    hasVariable(list) ? list.flatMap((entry) => expand(entry, user, account)) : list;
  const allow = all(side?.allow).filter((entry) => entry !== undefined);
  const deny = all(side?.deny);
  if (deny.includes(undefined)) return "refused";
  if (allow.length === 0 && side?.allow !== undefined) deny.push(">");
  return { allow: allow.length === 0 ? undefined : allow, deny: deny as string[] };
}

function says(rights: Rights): boolean {
  const { pub, sub, resp, src, times, times_location, subs, data, payload } = rights;
  const lists = [pub?.allow, pub?.deny, sub?.allow, sub?.deny, src, times, resp, times_location];
  if (lists.some((one) => one !== undefined)) return true;
  if (subs !== undefined || data !== undefined || payload !== undefined) return true;
  return Boolean(
    rights.bearer_token || rights.proxy_required || rights.allowed_connection_types !== undefined,
  );
}

function address(text: string): number {
  return text.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
}

function inNetwork(host: string, network: string): boolean {
  const [base = "", bits = ""] = network.split("/");
  const size = 2 ** (32 - Number(bits));
  return Math.floor(address(host) / size) === Math.floor(address(base) / size);
}

/** The end of the times that hold now; 0 = none holds; Infinity = no times. */
function timesEnd(rights: Rights, nowMs: number): number {
  if (rights.times === undefined) return Number.POSITIVE_INFINITY;
  const offset = (OFFSET_MINUTES[rights.times_location ?? "UTC"] ?? 0) * MINUTE_MS;
  const ofDay = (nowMs + offset) % DAY_MS;
  const clock = (text: string) => {
    const [hours = 0, minutes = 0, seconds = 0] = text.split(":").map(Number);
    return (hours * 60 + minutes) * MINUTE_MS + seconds * 1_000;
  };
  let latest = 0;
  for (const { start, end } of rights.times) {
    const [from, to] = [clock(start), clock(end)];
    let left = 0;
    if (from < ofDay && ofDay < to) left = to - ofDay;
    else if (from > to && ofDay < to) left = to - ofDay;
    else if (from > to && from < ofDay) left = to + DAY_MS - ofDay;
    if (left > 0) latest = Math.max(latest, nowMs + left);
  }
  return latest;
}

function smaller(left: number, right: number): number {
  if (left === -1) return right;
  return right === -1 ? left : Math.min(left, right);
}

/** Undefined = may not log in. */
export function judge(
  user: JudgedUser,
  account: JudgedAccount,
  operators: JudgedOperator[],
  nowMs: number,
  connection: JudgedConnection,
): Judgement | undefined {
  const now = Math.floor(nowMs / 1_000);
  const isOut = (token: Token) =>
    (token.exp !== undefined && now >= token.exp) || (token.nbf !== undefined && token.nbf > now);
  if (isOut(user) || isOut(account)) return undefined;
  if ((user.nats.issuer_account ?? user.iss) !== account.sub) return undefined;
  const signers = operators.filter(({ sub, nats }) =>
    nats.signing_keys?.includes(account.iss)
      ? true
      : sub === account.iss && !nats.strict_signing_key_usage,
  );
  if (signers.length === 0) return undefined;
  const isStrict = signers.some(
    ({ sub, nats }) => nats.strict_signing_key_usage && sub !== account.iss,
  );
  const key = (account.nats.signing_keys ?? []).find(
    (one) => (typeof one === "string" ? one : one.key) === user.iss,
  );
  const isOwn = user.iss === account.sub && !isStrict;
  if (key === undefined && !isOwn) return undefined;
  let rights: Rights = user.nats;
  if (typeof key === "object" && !isOwn) {
    if (says(user.nats)) return undefined;
    const publish = resolve(key.template.pub, user, account);
    const subscribe = resolve(key.template.sub, user, account);
    if (publish === "refused" || subscribe === "refused") return undefined;
    rights = { ...key.template, pub: publish, sub: subscribe } as Rights;
  } else if (!listsOf(rights).every(wellFormed)) return undefined;
  const until = timesEnd(rights, nowMs);
  const revokedAt = Math.max(
    account.nats.revocations?.[user.sub] ?? -1,
    account.nats.revocations?.["*"] ?? -1,
  );
  const types = rights.allowed_connection_types;
  const isFine =
    (connection.viaProxy || !(rights.proxy_required || user.nats.proxy_required)) &&
    !(rights.bearer_token && account.nats.limits?.disallow_bearer) &&
    (types === undefined || types.includes(connection.type)) &&
    (rights.bearer_token || connection.signedBy === user.sub) &&
    revokedAt < user.iat &&
    (rights.src === undefined || rights.src.some((one) => inNetwork(connection.host, one))) &&
    until > 0;
  if (!isFine) return undefined;
  const isSilent = listsOf(rights).length === 0 && rights.resp === undefined;
  const effective = isSilent ? (account.nats.default_permissions ?? {}) : rights;
  const template = typeof key === "object" && !isOwn ? key.template : undefined;
  const limit = (
    own: number | undefined,
    ofTemplate: number | undefined,
    all: number | undefined,
  ) => smaller(template === undefined ? (own ?? 0) : (ofTemplate ?? -1), all ?? 0);
  const { limits } = account.nats;
  return {
    canPublish: (subject) => grants(effective.pub, subject, effective.resp !== undefined),
    canSubscribe: (subject) => grants(effective.sub, subject, false),
    subs: limit(user.nats.subs, template?.subs, limits?.subs),
    payload: limit(user.nats.payload, template?.payload, limits?.payload),
    untilMs: Math.min(until, user.exp === undefined ? until : user.exp * 1_000),
  };
}

function listsOf({ pub, sub }: Rights): string[] {
  return [pub?.allow, pub?.deny, sub?.allow, sub?.deny].flatMap((list) => list ?? []);
}

function grants(side: Rights["pub"], subject: string, onlyAllowed: boolean): boolean {
  const allow = side?.allow;
  const isAllowed = allow === undefined ? !onlyAllowed : allow.some((one) => matches(one, subject));
  return isAllowed && !(side?.deny ?? []).some((one) => matches(one, subject));
}
