// `/`: a page with links to the others (MO-02). Thread: control; no state.

const LINKS: readonly (readonly [path: string, title: string])[] = [
  ["/varz", "General"],
  ["/jsz", "JetStream"],
  ["/connz", "Connections"],
  ["/recentz", "Recent Past"],
  ["/accountz", "Accounts"],
  ["/accstatz", "Account Stats"],
  ["/subsz", "Subscriptions"],
  ["/routez", "Routes"],
  ["/leafz", "LeafNodes"],
  ["/gatewayz", "Gateways"],
  ["/raftz", "Raft Groups"],
  ["/healthz", "Health Probe"],
  ["/metrics", "Metrics"],
  ["/debug/vars", "Expvar"],
];

const STYLE = "body{font-family:system-ui,sans-serif;margin:2rem}a{display:block;padding:.2rem}";

/** `basePath`: "" or such as `/weft`. */
export function rootPage(version: string, basePath: string): string {
  const links = LINKS.map(([path, title]) => {
    return `<a href="${htmlText(basePath + path)}">${title} <small>${path}</small></a>`;
  });
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Weft</title><style>${STYLE}</style></head>
<body>
<h1>Weft</h1>
<p>v${htmlText(version)}</p>
${links.join("\n")}
</body>
</html>
`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
};

function htmlText(text: string): string {
  return text.replace(/[&<>"]/g, (one) => ENTITIES[one] ?? one);
}
