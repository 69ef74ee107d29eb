// Set operations on subject filters that compiling imports needs. Control thread; pure.

const NUMBERED = /^\$[1-9]/;
const WILDCARD_CALL = /^\{\{\s*[wW]ildcard\s*\(.*\)\s*\}\}$/;

function isPlaceholder(token: string): boolean {
  return NUMBERED.test(token) || WILDCARD_CALL.test(token);
}

/** The placeholders (`$1`, `{{wildcard(1)}}`) of a transform destination, in order. */
export function placeholdersOf(destination: string): string[] {
  return destination.split(".").filter(isPlaceholder);
}

/** The filter that takes in all results of a transform destination: placeholders become `*`. */
export function filterOfDestination(destination: string): string {
  const tokens = destination.split(".");
  return tokens.map((token) => (isPlaceholder(token) ? "*" : token)).join(".");
}

/** `filter` with its `*` tokens replaced by `placeholders`, in order. */
export function withPlaceholders(filter: string, placeholders: readonly string[]): string {
  let used = 0;
  const tokens = filter.split(".").map((token) => {
    if (token !== "*") return token;
    used += 1;
    return placeholders[used - 1] ?? token;
  });
  return tokens.join(".");
}

/** The filter of all subjects that match both filters; undefined = there are none. */
export function intersectFilters(left: string, right: string): string | undefined {
  const a = left.split(".");
  const b = right.split(".");
  const common: string[] = [];
  for (let at = 0; ; at += 1) {
    const x = a[at];
    const y = b[at];
    if (x === undefined || y === undefined) {
      return x === y && at > 0 ? common.join(".") : undefined;
    }
    if (x === ">") return [...common, ...b.slice(at)].join(".");
    if (y === ">") return [...common, ...a.slice(at)].join(".");
    if (x !== "*" && y !== "*" && x !== y) return undefined;
    common.push(x === "*" ? y : x);
  }
}
