import type { ComparisonReport, ImageReport } from "./facts/report.ts";

/** A report as JSON: a line for each item of a list, so that lists can be compared and searched line by line. */
export function reportJson(report: ImageReport | ComparisonReport): string {
  const fields = Object.entries(report).map(
    ([name, value]) => `  ${JSON.stringify(name)}: ${valueText(value)}`,
  );
  return `{\n${fields.join(",\n")}\n}\n`;
}

function valueText(value: unknown): string {
  if (!Array.isArray(value) || value.length === 0) return JSON.stringify(value);
  return `[\n${value.map((item) => `    ${JSON.stringify(item)}`).join(",\n")}\n  ]`;
}
