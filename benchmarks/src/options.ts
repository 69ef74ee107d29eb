// The command line of the benchmark.
import { parseArgs } from "node:util";

export interface Options {
  /** Command of the reference; without it Weft is measured alone. */
  readonly peer?: string | undefined;
  /** Command of Weft, where it is not the built one. */
  readonly weft?: string | undefined;
  readonly pairs: number;
  readonly seconds: number;
  readonly rows: readonly string[];
  readonly workers?: number | undefined;
  readonly isMicro: boolean;
  readonly isChecked: boolean;
  readonly isRecorded: boolean;
  readonly isFigures: boolean;
  readonly isList: boolean;
  readonly isUsage: boolean;
}

export const USAGE = `usage: npm run bench -- [options]
  --peer COMMAND    measure this server in turn with Weft (nats-server)
  --weft COMMAND    start Weft by this command; {port}, {workers} and {config} are filled in,
                    a command without {port} gets -a, -p, --workers and -c behind it
  --pairs N         pairs per row (5)
  --seconds S       measured time of each half of a pair (2)
  --rows A,B        rows or groups to run (all)
  --workers N       worker threads of Weft where a row does not set them
  --micro           run the micro-benchmarks instead
  --figures         measure nothing: put the newest recorded run of all core rows into README.md,
                    docs/performance.md with its chart, and docs/STATUS.md, as such a run does itself
  --no-record       append nothing to benchmarks/results
  --check           exit 1 if a row is below its limit or fails
  --list            show the rows
`;

function number(text: string | undefined, standard: number, name: string, max: number): number {
  if (text === undefined) return standard;
  const value = Number(text);
  if (!(value > 0 && value <= max)) throw new Error(`--${name} must be above 0, at most ${max}`);
  return value;
}

/** Throws with a reason if the line does not make sense. */
export function readOptions(line: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...line],
    options: {
      peer: { type: "string" },
      weft: { type: "string" },
      pairs: { type: "string" },
      seconds: { type: "string" },
      rows: { type: "string" },
      workers: { type: "string" },
      micro: { type: "boolean" },
      figures: { type: "boolean" },
      "no-record": { type: "boolean" },
      check: { type: "boolean" },
      list: { type: "boolean" },
      help: { type: "boolean", short: "h" },
    },
  });
  const { workers } = values;
  return {
    peer: values.peer,
    weft: values.weft,
    pairs: Math.ceil(number(values.pairs, 5, "pairs", 100)),
    seconds: number(values.seconds, 2, "seconds", 600),
    rows: (values.rows ?? "").split(",").filter((name) => name.trim() !== ""),
    workers: workers === undefined ? undefined : Math.ceil(number(workers, 1, "workers", 256)),
    isMicro: values.micro ?? false,
    isChecked: values.check ?? false,
    isRecorded: !(values["no-record"] ?? false),
    isFigures: values.figures ?? false,
    isList: values.list ?? false,
    isUsage: values.help ?? false,
  };
}
