// Writes OpenMetrics 1.0 text. Thread: any. Must stay true: names and labels are ours, never a
// client's; label values are escaped all the same; the text ends in `# EOF`.

export const OPEN_METRICS_TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8";

export type MetricKind = "counter" | "gauge" | "info";

export type Labels = Readonly<Record<string, string | number>>;

/** One value of a metric. */
export interface Sample {
  readonly labels?: Labels | undefined;
  readonly value: number;
}

export class OpenMetricsText {
  readonly #lines: string[] = [];

  /** `name` without the ending that its kind asks for. Nothing is written without samples. */
  add(kind: MetricKind, name: string, help: string, samples: readonly Sample[]): void {
    if (samples.length === 0) return;
    this.#lines.push(`# TYPE ${name} ${kind}`);
    const unit = /_(bytes|seconds|ratio)$/.exec(name)?.[1];
    if (unit !== undefined) this.#lines.push(`# UNIT ${name} ${unit}`);
    this.#lines.push(`# HELP ${name} ${escaped(help)}`);
    const ending = kind === "counter" ? "_total" : kind === "info" ? "_info" : "";
    for (const { labels, value } of samples) {
      this.#lines.push(`${name}${ending}${labelText(labels)} ${numberText(value)}`);
    }
  }

  /** The whole text; nothing may be added afterwards. */
  end(): string {
    return `${this.#lines.join("\n")}\n# EOF\n`;
  }
}

function labelText(labels: Labels | undefined): string {
  const pairs = Object.entries(labels ?? {});
  if (pairs.length === 0) return "";
  const shown = pairs.map(([name, value]) => `${name}="${escaped(String(value))}"`);
  return `{${shown.join(",")}}`;
}

/** Backslash, quote and line feed are what could end a value early. */
function escaped(text: string): string {
  return text.toWellFormed().replace(/[\\"\n]/g, (one) => (one === "\n" ? "\\n" : `\\${one}`));
}

function numberText(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "+Inf" : "-Inf";
  return String(value);
}
