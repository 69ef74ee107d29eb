// How commands connect to a server.
import type { OptionSpec } from "../command-line/command.ts";

export const TLS_OPTIONS: readonly OptionSpec[] = [
  { name: "ca-cert", value: "FILE", help: "certificates to trust (NATS_CA)" },
  { name: "client-cert", value: "FILE", help: "own certificate (NATS_CERT)" },
  { name: "client-key", value: "FILE", help: "key of the own certificate (NATS_KEY)" },
  { name: "tls-first", help: "TLS before anything else" },
];
