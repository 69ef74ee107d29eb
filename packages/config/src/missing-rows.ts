// Options of the reference that belong to parts which are not built yet
// (docs/compat/14-configuration.md, 14.2). Control thread. Must stay true: each is refused by name;
// when its part arrives, its row moves away.
import { missingRow, type OptionRow } from "./option-row.ts";

export const MISSING_ROWS: readonly OptionRow[] = [
  missingRow("clustering", "cluster", "CK-11"),
  missingRow("clustering", "connect_error_reports", "CK-25"),
  missingRow("clustering", "reconnect_error_reports", "CK-25"),
  missingRow("gateways", "gateway", "CK-12"),
  missingRow("leafnodes", "leafnodes", "CK-13", ["leaf"]),
  missingRow("JetStream", "jetstream", "CK-14"),
  missingRow("JetStream", "store_dir", "CK-14", ["storedir"]),
  missingRow("JetStream", "default_js_domain", "CK-29"),
  missingRow("websocket", "websocket", "CK-26", ["ws"]),
  missingRow("MQTT", "mqtt", "CK-26"),
  missingRow("OCSP", "ocsp", "CK-19"),
  missingRow("OCSP", "ocsp_cache", "CK-19"),
  missingRow("the PROXY protocol", "proxy_protocol", "CK-20"),
  missingRow("profiling", "prof_port", "CK-16"),
  missingRow("profiling", "prof_block_rate", "CK-16"),
];
