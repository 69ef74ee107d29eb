// For tests: takes the lines of the Windows event log, as PowerShell does, and repeats them to a file.
import { appendFileSync } from "node:fs";
import { createInterface } from "node:readline";

const [, , file, verdict] = process.argv;
if (verdict === "refuse") {
  console.error("Requested registry access is not allowed.");
  process.exit(1);
}
console.log("ready");
for await (const line of createInterface({ input: process.stdin })) {
  const [type, id, encoded] = line.split(" ");
  appendFileSync(file, `${type} ${id} ${Buffer.from(encoded, "base64").toString("utf8")}\n`);
}
