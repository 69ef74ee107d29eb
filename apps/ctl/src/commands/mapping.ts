// add mapping, delete mapping.
import type { WeightedMapping } from "@weft/jwt";
import { ACCOUNT_OPTION, type Command, type OptionSpec } from "../command-line/command.ts";
import { EXIT, Failure } from "../command-line/failure.ts";
import { boundedNumber } from "../command-line/values.ts";
import { editAccountBody } from "../edit/edit-account.ts";
import { Workplace } from "../store/workplace.ts";

const MAPPING_OPTIONS: readonly OptionSpec[] = [
  ACCOUNT_OPTION,
  { name: "from", short: "f", value: "SUBJECT", help: "subject that is published on" },
  { name: "to", short: "t", value: "SUBJECT", help: "subject that it becomes" },
  { name: "cluster", value: "NAME", help: "only in this cluster" },
];
const FULL_WEIGHT = 100;

function isSame(mapping: WeightedMapping, to: string, cluster: string): boolean {
  return mapping.subject === to && mapping.cluster === cluster;
}

const addMapping: Command = {
  words: ["add", "mapping"],
  summary: "Rewrite a subject inside an account, or change the weight of such a rule",
  options: [
    ...MAPPING_OPTIONS,
    { name: "weight", value: "PERCENT", help: "share of the messages, 1-100; else all" },
  ],
  examples: [
    "add mapping -a ORDERS --from 'orders.*' --to 'orders.v2.{{wildcard(1)}}'",
    "add mapping -a ORDERS --from api --to api.v1 --weight 90",
  ],
  run(words, host) {
    const place = new Workplace(words, host);
    const from = words.wanted("from");
    const to = words.wanted("to");
    const cluster = words.text("cluster") ?? "";
    const weight = boundedNumber(words, "weight", 1, FULL_WEIGHT) ?? 0;
    const { name } = editAccountBody(place, (body) => {
      const known = body.mappings.get(from) ?? [];
      const added: WeightedMapping = { subject: to, weight, cluster };
      const list = known.some((it) => isSame(it, to, cluster))
        ? known.map((it) => (isSame(it, to, cluster) ? added : it))
        : [...known, added];
      return { ...body, mappings: new Map(body.mappings).set(from, list) };
    });
    const share = weight === 0 ? FULL_WEIGHT : weight;
    host.print(`added mapping "${from}" to "${to}" (${share} %) in account "${name}"`);
    return EXIT.done;
  },
};

const deleteMapping: Command = {
  words: ["delete", "mapping"],
  summary: "Rewrite a subject no longer",
  options: MAPPING_OPTIONS,
  examples: ["delete mapping -a ORDERS --from api --to api.v1"],
  run(words, host) {
    const place = new Workplace(words, host);
    const from = words.wanted("from");
    const to = words.text("to");
    const cluster = words.text("cluster");
    const { name } = editAccountBody(place, (body) => {
      const known = body.mappings.get(from) ?? [];
      const rest = known.filter(
        (it) =>
          (to !== undefined && it.subject !== to) ||
          (cluster !== undefined && it.cluster !== cluster),
      );
      if (rest.length === known.length) throw new Failure(`no such mapping of "${from}"`);
      const mappings = new Map(body.mappings);
      if (rest.length === 0) mappings.delete(from);
      else mappings.set(from, rest);
      return { ...body, mappings };
    });
    host.print(`deleted mapping "${from}" in account "${name}"`);
    return EXIT.done;
  },
};

export const MAPPING_COMMANDS: readonly Command[] = [addMapping, deleteMapping];
