// From a path and a query to a page: the table of all pages (MO-10 to MO-35). Thread: control.
// Must stay true: a path that is not in the table is 404, whatever it looks like.
import { LIMITS } from "@weft/base";
import { gatewayz, jsz, jszLeaderOnly, leafz, NO_RAFT_NODES, routez } from "./absent-pages.ts";
import { accountz, accstatz } from "./accountz.ts";
import { connz, connzOptions } from "./connz.ts";
import type { MonitorFacts, Page, Steps } from "./facts.ts";
import { encodeJson } from "./go-json.ts";
import { healthOptions, healthz } from "./healthz.ts";
import { debugVars, ipqueuesz } from "./internals.ts";
import { metrics } from "./metrics.ts";
import { OPEN_METRICS_TYPE } from "./open-metrics.ts";
import { dataPage, isMistake, notFoundPage, type Outcome, textPage, widePage } from "./page.ts";
import { Query } from "./query.ts";
import { recentOptions, recentz } from "./recentz.ts";
import { rootPage } from "./root-page.ts";
import { subsz, subszOptions } from "./subsz.ts";
import { varz } from "./varz.ts";

type Renderer = (facts: MonitorFacts, query: Query) => Page | Steps<Page>;

interface Route {
  readonly render: Renderer;
  /** Name in `http_req_stats`; undefined = not counted, as in the reference. */
  readonly counted?: string | undefined;
}

function outcomePage(outcome: Outcome): Page {
  return isMistake(outcome) ? textPage(400, outcome.mistake) : dataPage(outcome);
}

function* outcomeSteps(steps: Steps<Outcome>): Steps<Page> {
  return outcomePage(yield* steps);
}

/** A page that takes time. A mistake in its options is told before anything is looked at. */
function stepped<Options>(
  optionsOf: (query: Query) => Options,
  steps: (facts: MonitorFacts, options: Options) => Steps<Outcome>,
): Renderer {
  return (facts, query) => {
    const options = optionsOf(query);
    if (query.error !== undefined) return textPage(400, query.error);
    return outcomeSteps(steps(facts, options));
  };
}

/** A page that is made at once. */
function immediate(page: (facts: MonitorFacts, query: Query) => Page): Renderer {
  return (facts, query) => {
    const made = page(facts, query);
    return query.error === undefined ? made : textPage(400, query.error);
  };
}

function valued(value: (facts: MonitorFacts) => Outcome, ...options: string[]): Renderer {
  return immediate((facts, query) => {
    for (const name of options) {
      // `subs?` may be `detail` as well.
      if (name === "subs?") query.subscriptions();
      else query.boolean(name);
    }
    return outcomePage(value(facts));
  });
}

function* metricsPage(facts: MonitorFacts): Steps<Page> {
  const text = yield* metrics(facts);
  return { status: 200, contentType: OPEN_METRICS_TYPE, body: [text] };
}

function healthPage(facts: MonitorFacts, query: Query): Page {
  const { statusCode, value } = healthz(facts, healthOptions(query));
  return dataPage(encodeJson(value, ""), statusCode);
}

function queuesPage(facts: MonitorFacts, query: Query): Page {
  const options = { all: query.boolean("all"), filter: query.text("queues") };
  return widePage(ipqueuesz(facts, options));
}

function variablesPage(facts: MonitorFacts): Page {
  const contentType = "application/json; charset=utf-8";
  return { status: 200, contentType, body: [debugVars(facts)] };
}

const SUBSZ: Route = {
  counted: "/subsz",
  render: stepped(subszOptions, (facts, options) =>
    subsz(facts, options, LIMITS.monitorPageBytesMax),
  ),
};

const ROUTES: ReadonlyMap<string, Route> = new Map<string, Route>([
  ["/varz", { counted: "/varz", render: valued(varz) }],
  ["/connz", { counted: "/connz", render: stepped(connzOptions, connz) }],
  ["/subsz", SUBSZ],
  ["/subscriptionsz", SUBSZ],
  ["/accountz", { counted: "/accountz", render: stepped((query) => query.text("acc"), accountz) }],
  [
    "/accstatz",
    { counted: "/accstatz", render: stepped((query) => query.boolean("unused"), accstatz) },
  ],
  ["/healthz", { counted: "/healthz", render: immediate(healthPage) }],
  ["/routez", { counted: "/routez", render: valued(routez, "subs?") }],
  ["/gatewayz", { counted: "/gatewayz", render: valued(gatewayz, "subs?", "accs") }],
  ["/leafz", { counted: "/leafz", render: valued(leafz, "subs") }],
  [
    "/jsz",
    {
      counted: "/jsz",
      render: immediate((facts, query) => outcomePage(jsz(facts, jszLeaderOnly(query)))),
    },
  ],
  ["/raftz", { render: immediate(() => textPage(404, NO_RAFT_NODES)) }],
  ["/recentz", { counted: "/recentz", render: stepped(recentOptions, recentz) }],
  ["/metrics", { counted: "/metrics", render: metricsPage }],
  ["/stacksz", { render: immediate((facts) => dataPage(facts.stacks())) }],
  ["/ipqueuesz", { render: immediate(queuesPage) }],
  ["/debug/vars", { render: immediate(variablesPage) }],
  ["/expvarz", { render: immediate(variablesPage) }],
]);

/** A page of the table. */
export interface PageRequest {
  /** Decoded, without the query. */
  readonly path: string;
  /** What stands behind the question mark, still encoded. */
  readonly search: string;
}

/** Every path that is answered, below the base path. */
export const PAGE_PATHS: readonly string[] = ["/", ...ROUTES.keys()];

/**
 * Name under which requests for this path are counted (MO-05); undefined = they are not.
 */
export function countedName(path: string, basePath: string): string | undefined {
  const below = pathBelow(path, basePath);
  return below === "/" ? "/" : ROUTES.get(below ?? "")?.counted;
}

/** `basePath`: of the listener that was asked. */
export function* renderPage(
  request: PageRequest,
  facts: MonitorFacts,
  basePath = facts.options.monitoring?.basePath ?? "",
): Steps<Page> {
  const path = pathBelow(request.path, basePath);
  if (path === "/") return htmlPage(rootPage(facts.server.weftVersion, basePath));
  const route = ROUTES.get(path ?? "");
  if (route === undefined) return notFoundPage();
  const made = route.render(facts, new Query(request.search));
  return "next" in made ? yield* made : made;
}

function htmlPage(text: string): Page {
  return { status: 200, contentType: "text/html; charset=utf-8", body: [text] };
}

/** `/` for the base path itself; undefined for what is not below it. */
function pathBelow(path: string, basePath: string): string | undefined {
  if (basePath === "") return path;
  if (path === basePath) return "/";
  const below = path.startsWith(`${basePath}/`) ? path.slice(basePath.length) : undefined;
  // `/base/` is no page, as in the reference.
  return below === "/" ? undefined : below;
}
