// Users with random rights, the same in every run: for a configuration, and for judging what came
// of it by a matcher that is too simple to be wrong. Pure.

export interface Rules {
  readonly allow: readonly string[];
  readonly deny: readonly string[];
}

export interface RandomUser {
  readonly name: string;
  readonly publish: Rules;
  readonly subscribe: Rules;
  /** What this user subscribes to, by place; every other one in a queue group of its own. */
  readonly filters: readonly string[];
}

const TOKENS = ["a", "b", "c"] as const;
const DEPTH_MAX = 3;
const FILTERS_PER_USER = 14;

/** Every subject of up to three tokens. */
export const SUBJECTS: readonly string[] = [1, 2, DEPTH_MAX].flatMap(subjectsOf);

function subjectsOf(depth: number): string[] {
  if (depth === 0) return [""];
  const shorter = subjectsOf(depth - 1);
  return TOKENS.flatMap((token) =>
    shorter.map((rest) => (rest === "" ? token : `${token}.${rest}`)),
  );
}

/** Numbers of [0, bound), the same for the same seed (xorshift). */
function dice(seed: number): (bound: number) => number {
  let state = seed | 1;
  return (bound) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % bound;
  };
}

function randomFilter(roll: (bound: number) => number): string {
  const tokens: string[] = [];
  for (let depth = 1 + roll(DEPTH_MAX); depth > 0; depth -= 1) {
    const kind = roll(6);
    if (kind === 0 && depth === 1) tokens.push(">");
    else if (kind <= 1) tokens.push("*");
    else tokens.push(TOKENS[roll(TOKENS.length)] as string);
  }
  return tokens.join(".");
}

function randomFilters(roll: (bound: number) => number, count: number): string[] {
  return [...new Set(Array.from({ length: count }, () => randomFilter(roll)))];
}

export function randomUsers(count: number, seed: number): RandomUser[] {
  const roll = dice(seed);
  return Array.from({ length: count }, (_, index) => ({
    name: `random${index}`,
    publish: { allow: randomFilters(roll, roll(4)), deny: randomFilters(roll, roll(4)) },
    subscribe: { allow: randomFilters(roll, roll(4)), deny: randomFilters(roll, roll(4)) },
    filters: [">", "*", "*.*", "*.>", ...randomFilters(roll, FILTERS_PER_USER)],
  }));
}

/** The permissions of a user in the language of the configuration. */
export function rulesText(user: RandomUser): string {
  const text = ({ allow, deny }: Rules): string => {
    const allowed = allow.length === 0 ? "" : `allow: ${JSON.stringify(allow)}, `;
    return `{ ${allowed}deny: ${JSON.stringify(deny)} }`;
  };
  return `publish: ${text(user.publish)}, subscribe: ${text(user.subscribe)}`;
}

export function matchesFilter(filter: string, subject: string): boolean {
  const wanted = filter.split(".");
  const tokens = subject.split(".");
  for (const [place, token] of wanted.entries()) {
    if (token === ">") return tokens.length > place;
    if (place >= tokens.length || (token !== "*" && token !== tokens[place])) return false;
  }
  return wanted.length === tokens.length;
}

/** Deny wins; without an allow list everything else is allowed. */
export function isAllowed(rules: Rules, subject: string): boolean {
  if (rules.deny.some((filter) => matchesFilter(filter, subject))) return false;
  return rules.allow.length === 0 || rules.allow.some((filter) => matchesFilter(filter, subject));
}
