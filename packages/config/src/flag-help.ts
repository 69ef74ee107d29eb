// The texts of `--help` and `--help_tls` (FL-07, FL-09), made from the tables. Control thread.
import { cipherSuiteNames, curveNames, isInsecureCipherSuite } from "./cipher-suites.ts";
import { FLAG_GROUPS, type FlagRow } from "./flag-table.ts";

const HELP_COLUMN = 40;

/** The text of `--help`; lists every flag. */
export function helpText(): string {
  const lines = ["Usage: weft [flags]", "       weft version | help", ""];
  for (const { title, rows } of FLAG_GROUPS) {
    lines.push(`${title}:`);
    for (const row of rows) lines.push(helpLine(row));
    lines.push("");
  }
  lines.push(
    "One or two dashes are the same; values follow a space or `=`, those of switches only `=`.",
    "Flags override the configuration file; --workers overrides WEFT_WORKERS, and that the file.",
  );
  return `${lines.join("\n")}\n`;
}

function helpLine(row: FlagRow): string {
  const names = row.names
    .map((name) => (name.length <= 2 || name === "DVV" ? `-${name}` : `--${name}`))
    .join(", ");
  const flag = `  ${names}${row.value === "" ? "" : ` <${row.value}>`}`;
  if (flag.length < HELP_COLUMN) return `${flag.padEnd(HELP_COLUMN)}${row.help}`;
  return `${flag}\n${" ".repeat(HELP_COLUMN)}${row.help}`;
}

/** The text of `--help_tls`. */
export function tlsHelpText(): string {
  const suites = cipherSuiteNames();
  const section = (title: string, names: readonly string[]): string[] => [
    `${title}:`,
    ...names.map((name) => `  ${name}`),
    "",
  ];
  return [
    "TLS is set up in the configuration file:",
    "",
    "  tls {",
    '    cert_file: "server-cert.pem"',
    '    key_file:  "server-key.pem"',
    '    ca_file:   "ca.pem"   # authority of client certificates',
    "    verify:    true       # clients must show one",
    '    timeout:   "2s"',
    "    cipher_suites: [ ... ]",
    "    curve_preferences: [ ... ]",
    "  }",
    "",
    ...section(
      "Cipher suites",
      suites.filter((name) => !isInsecureCipherSuite(name)),
    ),
    ...section("Only with allow_insecure_cipher_suites", suites.filter(isInsecureCipherSuite)),
    ...section("Curve preferences", curveNames()),
  ].join("\n");
}
