// Test support: which accounts are taken and what their imports carry, decided a second time from the
// JSON of the tokens alone, in the plainest way: subjects of up to three tokens are tried one by one.
// It shares no code with the product.

export interface JudgedImport {
  subject: string;
  account: string;
  token?: string;
  local_subject?: string;
  type: "stream" | "service";
}

export interface JudgedExport {
  subject: string;
  type: "stream" | "service";
  token_req?: boolean;
  account_token_position?: number;
  revocations?: Record<string, number>;
}

export interface JudgedAccount {
  iss: string;
  sub: string;
  nats: { imports?: JudgedImport[]; exports?: JudgedExport[]; signing_keys?: string[] };
}

interface Activation {
  iss: string;
  sub: string;
  iat: number;
  exp?: number;
  nbf?: number;
  nats: { subject: string; kind: string; issuer_account?: string };
}

/** An import that works. */
export interface Edge {
  readonly importer: string;
  readonly claim: JudgedImport;
}

export interface Signatures {
  /** Whether the token ends in a signature of this key. */
  isSignedBy(token: string, key: string): boolean;
}

export function bodyOf<T>(token: string): T {
  return JSON.parse(Buffer.from(token.split(".")[1] as string, "base64url").toString()) as T;
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

/**
 * Is everything that `inner` takes in taken in by `outer`? `loosely`: as the reference validates
 * tokens, where `*` takes in a `>`.
 */
function within(inner: string, outer: string, loosely = false): boolean {
  const [left, right] = [inner.split("."), outer.split(".")];
  for (const [at, token] of right.entries()) {
    if (token === ">") return left.length > at;
    if (at >= left.length || (left[at] === ">" && !loosely)) return false;
    if (token !== "*" && token !== left[at]) return false;
  }
  return left.length === right.length;
}

/** `local`, in which `$1` is the first wildcard of `from`, as a filter. */
function localFilter({ local_subject, subject }: JudgedImport): string {
  return (local_subject ?? subject).replace(/\$\d/g, "*");
}

/** What `subject` under the filter `from` is called under `to`, wildcard by wildcard. */
function renamed(subject: string, from: string, to: string): string | undefined {
  if (!matches(from, subject)) return undefined;
  const given = subject.split(".");
  const wild = from.split(".").flatMap((token, at) => (token === "*" ? [given[at] as string] : []));
  const tail = given.slice(from.split(".").length - 1);
  const tokens = to.split(".").flatMap((token) => {
    if (token === ">") return tail;
    return token === "*" ? [wild.shift() as string] : [token];
  });
  return tokens.join(".");
}

function overlap(subjects: readonly string[]): boolean {
  return subjects.some((one, at) =>
    subjects.some((other, place) => place !== at && within(one, other, true)),
  );
}

/** Would the token of this account be refused as a whole? */
export function isRefused({ sub, nats }: JudgedAccount, signatures: Signatures): boolean {
  const { exports = [], imports = [] } = nats;
  for (const kind of ["stream", "service"]) {
    if (overlap(exports.filter(({ type }) => type === kind).map(({ subject }) => subject))) {
      return true;
    }
  }
  const services = imports.filter(({ type }) => type === "service");
  for (const exporter of new Set(services.map(({ account }) => account))) {
    const own = services.filter(({ account }) => account === exporter);
    if (overlap(own.map(localFilter))) return true;
  }
  return imports.some(({ token, account, type, subject }) => {
    if (token === undefined) return false;
    const { iss, sub: importer, nats: right } = bodyOf<Activation>(token);
    if (!signatures.isSignedBy(token, iss)) return true;
    if (iss !== account && right.issuer_account !== account) return true;
    return importer !== sub || right.kind !== type || !within(subject, right.subject, true);
  });
}

/** What the exporters say to an import; `accounts` are those that were taken. */
export function isGranted(
  claim: JudgedImport,
  importer: string,
  accounts: ReadonlyMap<string, JudgedAccount>,
  nowSeconds: number,
): boolean {
  const exporter = accounts.get(claim.account);
  const offered = (exporter?.nats.exports ?? []).filter(({ type }) => type === claim.type);
  const exact = offered.filter(({ subject }) => subject === claim.subject);
  const deciding =
    exact.length > 0 ? exact : offered.filter(({ subject }) => within(claim.subject, subject));
  if (exporter === undefined || deciding.length === 0) return false;
  return deciding.every(({ token_req, account_token_position: position, revocations = {} }) => {
    if (position !== undefined) return claim.subject.split(".")[position - 1] === importer;
    if (!token_req) return true;
    if (claim.token === undefined) return false;
    const { iss, iat, exp, nbf, nats } = bodyOf<Activation>(claim.token);
    const isOwn = iss === exporter.sub || exporter.nats.signing_keys?.includes(iss) === true;
    const isNamed = nats.issuer_account === undefined ? iss === exporter.sub : isOwn;
    const revokedAt = Math.max(revocations[importer] ?? -1, revocations["*"] ?? -1);
    const isNow = (exp === undefined || exp > nowSeconds) && (nbf ?? 0) <= nowSeconds;
    return isNamed && isNow && iat > revokedAt && within(claim.subject, nats.subject);
  });
}

/** All subjects of up to three tokens. */
export function universe(tokens: readonly string[]): string[] {
  const two = tokens.flatMap((first) => tokens.map((second) => `${first}.${second}`));
  return [...tokens, ...two, ...two.flatMap((start) => tokens.map((third) => `${start}.${third}`))];
}

/** Where a message goes from an account, as `account subject`. */
export function targets(
  edges: readonly Edge[],
  kind: "stream" | "service",
  account: string,
  subject: string,
): string[] {
  return edges.flatMap(({ importer, claim }) => {
    if (claim.type !== kind) return [];
    const local = localFilter(claim);
    if (kind === "stream") {
      const seen = claim.account === account && renamed(subject, claim.subject, local);
      return typeof seen === "string" ? [`${importer} ${seen}`] : [];
    }
    const asked = importer === account ? renamed(subject, local, claim.subject) : undefined;
    return asked === undefined ? [] : [`${claim.account} ${asked}`];
  });
}

/** Can a request on a subject of `start` come back to where it was sent, on such a subject? */
export function comesBack(
  edges: readonly Edge[],
  start: Edge,
  subjects: readonly string[],
): boolean {
  const local = localFilter(start.claim);
  return subjects.some((subject) => {
    const asked = renamed(subject, local, start.claim.subject);
    if (asked === undefined) return false;
    const seen = new Set([`${start.claim.account} ${asked}`]);
    for (const place of seen) {
      const [account = "", now = ""] = place.split(" ");
      if (account === start.importer && matches(local, now)) return true;
      for (const next of targets(edges, "service", account, now)) seen.add(next);
    }
    return false;
  });
}

/** Is there a request that comes back as itself? */
export function hasCircle(edges: readonly Edge[], subjects: readonly string[]): boolean {
  const services = edges.filter(({ claim }) => claim.type === "service");
  const done = new Set<string>();
  const onPath = new Set<string>();
  const visit = (place: string): boolean => {
    if (onPath.has(place)) return true;
    if (done.has(place)) return false;
    onPath.add(place);
    const [account = "", subject = ""] = place.split(" ");
    const isRound = targets(services, "service", account, subject).some(visit);
    onPath.delete(place);
    done.add(place);
    return isRound;
  };
  return services.some(({ importer }) => subjects.some((one) => visit(`${importer} ${one}`)));
}
