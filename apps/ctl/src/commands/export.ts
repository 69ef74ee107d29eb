// add export, edit export, delete export.
import { type ExportClaim, newExport, type ServiceLatencyClaim } from "@weft/jwt";
import type { Arguments } from "../command-line/arguments.ts";
import { ACCOUNT_OPTION, type Command, type OptionSpec } from "../command-line/command.ts";
import { EXIT, Failure, usageFailure } from "../command-line/failure.ts";
import { boundedNumber, durationMs } from "../command-line/values.ts";
import { editAccountBody } from "../edit/edit-account.ts";
import { Workplace } from "../store/workplace.ts";

const SUBJECT: OptionSpec = {
  name: "subject",
  short: "s",
  value: "SUBJECT",
  help: "what is exported",
};
const RESPONSE_TYPES = ["Singleton", "Stream", "Chunked"];

const EXPORT_OPTIONS: readonly OptionSpec[] = [
  ACCOUNT_OPTION,
  SUBJECT,
  { name: "name", short: "n", value: "NAME", help: "name of the export; else its subject" },
  { name: "private", short: "p", help: "only for accounts with an activation" },
  { name: "service", short: "r", help: "a service (requests), not a stream" },
  { name: "response-type", value: "TYPE", help: `of a service: ${RESPONSE_TYPES.join(", ")}` },
  { name: "response-threshold", value: "TIME", help: "how long a service may take: 500ms, 5s" },
  { name: "latency", value: "SUBJECT", help: "where measured times of a service are published" },
  { name: "sampling", value: "PERCENT", help: 'share of requests measured: 1-100, or "header"' },
  {
    name: "account-token-position",
    value: "N",
    help: "which part of the subject must be the importer's key, from 1; public exports",
  },
  { name: "advertise", help: "may be shown to others" },
  { name: "allow-trace", help: "traces of messages may pass" },
  { name: "description", value: "TEXT", help: "what it is for" },
  { name: "info-url", value: "URL", help: "where more is said" },
];
const POSITION_MAX = 255;
const NANOS_PER_MS = 1e6;

function editedLatency(
  before: ServiceLatencyClaim | undefined,
  words: Arguments,
): ServiceLatencyClaim | undefined {
  const results = words.text("latency") ?? before?.results;
  const text = words.text("sampling");
  if (results === undefined || results === "") {
    if (text !== undefined) throw usageFailure("--sampling needs --latency");
    return undefined;
  }
  if (text === "header" || text === "headers") return { sampling: 0, results };
  const sampling = boundedNumber(words, "sampling", 1, 100);
  return { sampling: sampling ?? before?.sampling ?? 100, results };
}

function editedExport(before: ExportClaim, words: Arguments): ExportClaim {
  const isService = words.truth("service") ?? before.type === "service";
  const serviceOnly = ["response-type", "response-threshold", "latency", "sampling"];
  const wrong = isService ? undefined : serviceOnly.find((name) => words.has(name));
  if (wrong !== undefined) throw usageFailure(`--${wrong} is for services: use --service`);
  const responseType = words.text("response-type") ?? before.responseType;
  if (words.has("response-type") && !RESPONSE_TYPES.includes(responseType)) {
    throw usageFailure(
      `--response-type: "${responseType}" is none of ${RESPONSE_TYPES.join(", ")}`,
    );
  }
  const thresholdMs = durationMs(words, "response-threshold");
  return {
    ...before,
    name: words.text("name") ?? before.name,
    type: isService ? "service" : "stream",
    tokenRequired: words.truth("private") ?? before.tokenRequired,
    responseType: isService ? responseType || "Singleton" : "",
    responseThresholdNanos: !isService
      ? 0
      : thresholdMs === undefined
        ? before.responseThresholdNanos
        : Math.round(thresholdMs * NANOS_PER_MS),
    latency: isService ? editedLatency(before.latency, words) : undefined,
    accountTokenPosition:
      boundedNumber(words, "account-token-position", 0, POSITION_MAX) ??
      before.accountTokenPosition,
    advertise: words.truth("advertise") ?? before.advertise,
    allowTrace: words.truth("allow-trace") ?? before.allowTrace,
    description: words.text("description") ?? before.description,
    infoUrl: words.text("info-url") ?? before.infoUrl,
  };
}

/** The export of a subject, or the only one. */
export function exportNamed(
  exports: readonly ExportClaim[],
  subject: string | undefined,
  isService?: boolean,
): ExportClaim {
  const found = exports.filter(
    (it) =>
      (subject === undefined || it.subject === subject) &&
      (isService === undefined || (it.type === "service") === isService),
  );
  const only = found[0];
  if (only === undefined) {
    throw new Failure(subject === undefined ? "no exports" : `no export of "${subject}"`);
  }
  if (found.length > 1) {
    const names = found.map((it) => `${it.type} ${it.subject}`).join(", ");
    throw usageFailure(`several exports (${names}): say which with --subject and --service`);
  }
  return only;
}

const addExport: Command = {
  words: ["add", "export"],
  summary: "Let other accounts import a subject",
  operand: "subject",
  options: EXPORT_OPTIONS,
  examples: [
    "add export -a ORDERS --subject 'events.>'",
    "add export -a ORDERS --subject orders.price --service --private --name price",
    "add export -a ORDERS -s lookup --service --latency latency.lookup --sampling 10",
  ],
  run(words, host) {
    const place = new Workplace(words, host);
    const subject = words.wanted("subject");
    const added = editedExport({ ...newExport("stream", subject), name: subject }, words);
    if (added.tokenRequired && added.accountTokenPosition > 0) {
      throw usageFailure("--account-token-position is for public exports");
    }
    const { name } = editAccountBody(place, (body) => {
      const known = body.exports.some((it) => it.subject === subject && it.type === added.type);
      if (known) throw new Failure(`${added.type} "${subject}" is exported already`);
      return { ...body, exports: [...body.exports, added] };
    });
    const kind = `${added.tokenRequired ? "private" : "public"} ${added.type}`;
    host.print(`added ${kind} export "${subject}" to account "${name}"`);
    return EXIT.done;
  },
};

const editExport: Command = {
  words: ["edit", "export"],
  summary: "Change an export",
  operand: "subject",
  options: [
    ...EXPORT_OPTIONS,
    { name: "new-subject", value: "SUBJECT", help: "export another subject instead" },
    { name: "rm-latency-sampling", help: "measure no longer" },
  ],
  examples: ["edit export -a ORDERS --subject orders.price --response-type Stream"],
  run(words, host) {
    const place = new Workplace(words, host);
    let shown = "";
    const { name } = editAccountBody(place, (body) => {
      const before = exportNamed(body.exports, words.text("subject"));
      shown = before.subject;
      const changed = editedExport(before, words);
      const after: ExportClaim = {
        ...changed,
        subject: words.text("new-subject") ?? before.subject,
        latency: words.flag("rm-latency-sampling") ? undefined : changed.latency,
      };
      const breaks =
        after.subject !== before.subject ||
        after.type !== before.type ||
        (after.tokenRequired && !before.tokenRequired);
      if (breaks) host.warn("warning: accounts that import it may lose it with this change");
      return { ...body, exports: body.exports.map((it) => (it === before ? after : it)) };
    });
    host.print(`edited export "${shown}" of account "${name}"`);
    return EXIT.done;
  },
};

const deleteExport: Command = {
  words: ["delete", "export"],
  summary: "Export a subject no longer",
  operand: "subject",
  options: [ACCOUNT_OPTION, SUBJECT, { name: "service", short: "r", help: "the service" }],
  examples: ["delete export -a ORDERS --subject 'events.>'"],
  run(words, host) {
    const place = new Workplace(words, host);
    const subject = words.wanted("subject");
    const { name } = editAccountBody(place, (body) => {
      const gone = exportNamed(body.exports, subject, words.truth("service"));
      return { ...body, exports: body.exports.filter((it) => it !== gone) };
    });
    host.print(`deleted export "${subject}" of account "${name}"`);
    return EXIT.done;
  },
};

export const EXPORT_COMMANDS: readonly Command[] = [addExport, editExport, deleteExport];
