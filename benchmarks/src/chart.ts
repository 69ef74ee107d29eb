// Draws the throughput ratios of a run as one SVG bar chart. Plain shapes and text, no script, and
// colours that can be read on light and on dark pages.
import { medianOf } from "./judge.ts";
import { showMetric } from "./report.ts";
import type { RowResult } from "./row.ts";
import { REFERENCE, WEFT } from "./rows/versus.ts";

const WIDTH = 920;
const TITLE_WIDTH = 330;
const BAR_WIDTH = 330;
const BAR_HEIGHT = 16;
const ROW_HEIGHT = 26;
const TOP = 58;
const BOTTOM = 40;

interface Bar {
  readonly title: string;
  readonly ratio: number;
  readonly figures: string;
}

function escapeText(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function bars(results: readonly RowResult[]): Bar[] {
  const drawn: Bar[] = [];
  for (const result of results) {
    const found = result.criteria.find(
      ({ criterion }) =>
        criterion.metric === "throughput" && criterion.of === WEFT && criterion.over === REFERENCE,
    );
    if (found === undefined || !Number.isFinite(found.value)) continue;
    const own = showMetric("throughput", medianOf(result.runs, WEFT, "throughput"));
    const base = showMetric("throughput", medianOf(result.runs, REFERENCE, "throughput"));
    drawn.push({ title: result.row.title, ratio: found.value, figures: `${own} : ${base}` });
  }
  return drawn;
}

/** Undefined if no row of the run compares throughput. */
export function drawChart(results: readonly RowResult[], subtitle: string): string | undefined {
  const drawn = bars(results);
  if (drawn.length === 0) return undefined;
  const largest = Math.max(2, ...drawn.map(({ ratio }) => ratio));
  const scale = BAR_WIDTH / largest;
  const height = TOP + drawn.length * ROW_HEIGHT + BOTTOM;
  const end = TOP + drawn.length * ROW_HEIGHT;
  const at = (ratio: number): string => (TITLE_WIDTH + ratio * scale).toFixed(1);
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" ` +
      'font-family="sans-serif" font-size="13" role="img">',
    "<title>Throughput of Weft over that of the reference</title>",
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    '<g fill="#1f2933">',
    '<text x="16" y="24" font-size="16">Throughput of Weft over that of nats-server</text>',
    `<text x="16" y="43" fill="#52606d">${escapeText(subtitle)}</text>`,
  ];
  for (let ratio = 0; ratio <= largest; ratio++) {
    const colour = ratio === 1 ? "#9f3a38" : "#cbd2d9";
    parts.push(
      `<line x1="${at(ratio)}" x2="${at(ratio)}" y1="${TOP}" y2="${end}" stroke="${colour}"/>`,
      `<text x="${at(ratio)}" y="${end + 18}" text-anchor="middle">${ratio}×</text>`,
    );
  }
  for (const [n, bar] of drawn.entries()) {
    const y = TOP + n * ROW_HEIGHT + (ROW_HEIGHT - BAR_HEIGHT) / 2;
    const width = (bar.ratio * scale).toFixed(1);
    const label = `${bar.ratio.toFixed(2)}×  (${bar.figures})`;
    parts.push(
      `<text x="${TITLE_WIDTH - 8}" y="${y + 13}" text-anchor="end">${escapeText(bar.title)}</text>`,
      `<rect x="${TITLE_WIDTH}" y="${y}" width="${width}" height="${BAR_HEIGHT}" fill="#2f7fb8"/>`,
      `<text x="${(Number(at(bar.ratio)) + 6).toFixed(1)}" y="${y + 13}">${label}</text>`,
    );
  }
  return `${[...parts, "</g>", "</svg>"].join("\n")}\n`;
}
