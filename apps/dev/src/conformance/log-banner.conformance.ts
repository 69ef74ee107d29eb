// What a server says of itself when it starts and ends (LG-15).
import { expect } from "vitest";
import { describeWithWorkers, itWeft, startServer } from "./server-under-test.ts";

describeWithWorkers("the log's first lines and last ones", (workers) => {
  itWeft("LG-15: version, name, id, file, address, what is not safe, and the end", async () => {
    const config = `server_name: banner
      max_payload: 9MB
      authorization { user: ann, password: plain }`;
    const server = await startServer({ workers, config });
    await server.stop();
    const lines = server.stderr
      .split("\n")
      .filter((line) => / \[(?:INF|WRN)\] /.test(line))
      .map((line) => line.replace(/^.*? (\[\w+\]) /, "$1 "));
    const wanted = [
      /^\[WRN\] .*server\.conf:\d+:\d+: Maximum payloads over 8\.00 MB/,
      /^\[INF\] Starting nats-server$/,
      /^\[INF\] {3}Version: {2}2\.14\.0 \(Weft \d+\.\d+\.\d+\)$/,
      /^\[INF\] {3}Name: {5}banner$/,
      /^\[INF\] {3}ID: {7}N[A-Z2-7]{55}$/,
      new RegExp(`^\\[INF\\] {3}Workers: {2}${workers}$`),
      /^\[INF\] Using configuration file: .*server\.conf/,
      /^\[INF\] Listening for client connections on 127\.0\.0\.1:\d+$/,
      /^\[WRN\] Plaintext passwords detected/,
      /^\[INF\] Server is ready$/,
      /^\[INF\] Trapped "terminated" signal$/,
      /^\[INF\] Initiating Shutdown\.\.\.$/,
      /^\[INF\] Server Exiting\.\.$/,
    ];
    let at = 0;
    for (const pattern of wanted) {
      at = lines.findIndex((line, index) => index >= at && pattern.test(line)) + 1;
      expect(at, `${pattern} in ${lines.join("\n")}`).toBeGreaterThan(0);
    }
  });
});
