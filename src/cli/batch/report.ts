import type { Docker2vmError } from "../../errors.ts";
import { printable } from "../printable.ts";
import type { BatchItem } from "./items.ts";

/** What became of an item. "there": an earlier batch has made the same. "stopped": the batch ended before it did. */
export type Outcome =
  | { readonly status: "converted" | "there"; readonly warnings: readonly string[] }
  | { readonly status: "reused"; readonly from: string; readonly warnings: readonly string[] }
  | { readonly status: "failed"; readonly error: Docker2vmError; readonly warnings: readonly string[] }
  | { readonly status: "stopped" };

/** Items in the order of the list. */
export type Report = readonly { readonly item: BatchItem; readonly outcome: Outcome }[];

const STATUSES: readonly Outcome["status"][] = ["converted", "reused", "there", "failed", "stopped"];

/** The report for a reader: a line for each item, below it what failed it, and how many came to what. */
export function reportText(report: Report): string {
  const lines = report.flatMap(({ item, outcome }) => [
    `${outcome.status.padEnd(10)}${item.source} → ${item.out}`,
    ...(outcome.status === "failed" ? reasons(outcome.error).map((line) => `${"".padEnd(10)}${line}`) : []),
  ]);
  return [...lines, countsOf(report)].map((line) => `${printable(line)}\n`).join("");
}

/** What is wrong, and what to do about it. */
function reasons({ message, hint }: Docker2vmError): readonly string[] {
  return hint === undefined ? [message] : [message, `hint: ${hint}`];
}

/** What became of the items of a list, in its order, and how many came to what. */
export interface BatchReportDocument extends Readonly<Record<Outcome["status"], number>> {
  readonly items: readonly (ItemNames & OutcomeDocument)[];
}

interface ItemNames {
  readonly source: string;
  /** The item's folder: an absolute path. */
  readonly out: string;
}

type OutcomeDocument =
  | Exclude<Outcome, { readonly status: "failed" }>
  | {
      readonly status: "failed";
      readonly error: Pick<Docker2vmError, "code" | "message" | "hint">;
      readonly warnings: readonly string[];
    };

/** The report for a program: one JSON document. */
export function reportJson(report: Report): string {
  const items = report.map(({ item: { source, out }, outcome }) => ({ source, out, ...documentOf(outcome) }));
  const of = (status: Outcome["status"]) => count(report, status);
  const document: BatchReportDocument = {
    items,
    converted: of("converted"),
    reused: of("reused"),
    there: of("there"),
    failed: of("failed"),
    stopped: of("stopped"),
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function documentOf(outcome: Outcome): OutcomeDocument {
  if (outcome.status !== "failed") return outcome;
  const { code, message, hint } = outcome.error;
  return { ...outcome, error: { code, message, hint } };
}

/** "3 converted, 1 failed" */
export function countsOf(report: Report): string {
  const counts = STATUSES.map((status) => [count(report, status), status] as const);
  return counts
    .filter(([number]) => number > 0)
    .map(([number, status]) => `${number} ${status}`)
    .join(", ");
}

function count(report: Report, status: Outcome["status"]): number {
  return report.filter(({ outcome }) => outcome.status === status).length;
}
