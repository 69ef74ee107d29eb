// Secrets of the command line. Test.
import { expect, test } from "vitest";
import { redactArguments } from "./redact-arguments.ts";

test.each<[string, string]>([
  ["-p 4222 -c a.conf", "-p 4222 -c a.conf"],
  ["--user ruth --pass secret", "--user [REDACTED] --pass [REDACTED]"],
  ["-user=ruth -pass=se=cret", "-user=[REDACTED] -pass=[REDACTED]"],
  ["--auth", "--auth"],
  ["--auth= -D", "--auth=[REDACTED] -D"],
  ["--pass --auth", "--pass [REDACTED]"],
  ["--routes nats://a:b@h:1,nats://h:2", "--routes nats://[REDACTED]@h:1,nats://h:2"],
  ["--cluster=nats://a:b@c@h:-1", "--cluster=nats://[REDACTED]@h:-1"],
  ["--cluster_listen a:b@h:1", "--cluster_listen [REDACTED]@h:1"],
  ["--cluster_name a@b", "--cluster_name a@b"],
  ["-P pass", "-P pass"],
])("FL-11: %j", (written, shown) => {
  expect(redactArguments(written.split(" "))).toEqual(shown.split(" "));
});
