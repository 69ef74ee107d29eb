// The outcome of a check in the forms that monitoring systems read: Nagios and JSON. Pure.

export type CheckStatus = "OK" | "WARNING" | "CRITICAL" | "UNKNOWN";

/** Exit codes of Nagios. */
export const CHECK_EXIT: Readonly<Record<CheckStatus, number>> = {
  OK: 0,
  WARNING: 1,
  CRITICAL: 2,
  UNKNOWN: 3,
};

/** A measured time in seconds with its thresholds; 0 = none. */
export interface PerformanceValue {
  readonly name: string;
  readonly seconds: number;
  readonly warningSeconds: number;
  readonly criticalSeconds: number;
}

const DIGITS = 4;

export class CheckResult {
  readonly name: string;
  readonly suite: string;
  readonly criticals: string[] = [];
  readonly warnings: string[] = [];
  readonly oks: string[] = [];
  readonly values: PerformanceValue[] = [];

  constructor(name: string, suite: string) {
    this.name = name;
    this.suite = suite;
  }

  get status(): CheckStatus {
    if (this.criticals.length > 0) return "CRITICAL";
    if (this.warnings.length > 0) return "WARNING";
    return this.oks.length > 0 ? "OK" : "UNKNOWN";
  }

  /** Puts a time beside its thresholds; `texts` = what to say of a good one, and of a bad one. */
  measure(value: PerformanceValue, good: string, bad: (limitSeconds: number) => string): void {
    this.values.push(value);
    const { seconds, warningSeconds, criticalSeconds } = value;
    if (criticalSeconds > 0 && seconds >= criticalSeconds)
      this.criticals.push(bad(criticalSeconds));
    else if (warningSeconds > 0 && seconds >= warningSeconds) {
      this.warnings.push(bad(warningSeconds));
    } else this.oks.push(good);
  }

  /** `STATUS name texts | values`. */
  toNagios(): string {
    const texts = [
      this.name,
      ...this.criticals.map((text) => `Crit:${text}`),
      ...this.warnings.map((text) => `Warn:${text}`),
      ...this.oks.map((text) => `OK:${text}`),
    ];
    // A bar would begin the values.
    const line = `${this.status} ${texts.join(" ").replaceAll("|", "/")}`;
    return this.values.length === 0 ? line : `${line} | ${this.values.map(perfText).join(" ")}`;
  }

  toJson(): string {
    return JSON.stringify(
      {
        status: this.status,
        check_suite: this.suite,
        check_name: this.name,
        ...(this.warnings.length === 0 ? {} : { warning: this.warnings }),
        ...(this.criticals.length === 0 ? {} : { critical: this.criticals }),
        ...(this.oks.length === 0 ? {} : { ok: this.oks }),
        perf_data: this.values.map((value) => ({
          name: value.name,
          value: value.seconds,
          warning: value.warningSeconds,
          critical: value.criticalSeconds,
          unit: "s",
        })),
      },
      undefined,
      2,
    );
  }
}

function perfText({ name, seconds, warningSeconds, criticalSeconds }: PerformanceValue): string {
  const warning = warningSeconds === 0 ? "" : warningSeconds.toFixed(DIGITS);
  const critical = criticalSeconds === 0 ? "" : criticalSeconds.toFixed(DIGITS);
  return `${name}=${seconds.toFixed(DIGITS)}s;${warning};${critical}`.replace(/;+$/, "");
}
