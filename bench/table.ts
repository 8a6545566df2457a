/** A table as text for a terminal or as markdown for a file. The first column is text, the others are numbers. */
export type TableStyle = "text" | "markdown";

export function renderTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  style: TableStyle,
): string {
  const lines = [head, ...rows];
  const widths = head.map((_, column) => Math.max(3, ...lines.map((line) => (line[column] ?? "").length)));
  const padded = lines.map((line) =>
    widths.map((width, column) =>
      column === 0 ? (line[column] ?? "").padEnd(width) : (line[column] ?? "").padStart(width),
    ),
  );
  if (style === "text") return padded.map((cells) => cells.join("  ").trimEnd()).join("\n");
  const rule = widths.map((width, column) =>
    column === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`,
  );
  const [first = [], ...others] = padded;
  return [first, rule, ...others].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

export function formatSeconds(seconds: number): string {
  return `${seconds.toFixed(2)} s`;
}

/** Nothing for what is not known. */
export function formatMiB(bytes: number | undefined): string {
  return bytes === undefined ? "" : `${Math.round(bytes / 2 ** 20)} MiB`;
}
