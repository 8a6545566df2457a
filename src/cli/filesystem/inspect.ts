import type { AnyFacts, ErofsFacts, Ext4Facts, XfsFacts } from "../../filesystem/open.ts";
import { type CommandLine, flag } from "../arguments.ts";
import type { Host } from "../host.ts";
import { printable } from "../printable.ts";
import { factRows } from "./fact-rows.ts";
import { bytesAsText, isoTime } from "./text.ts";
import { withFilesystem, wordsOf } from "./with-filesystem.ts";

/** `docker2vm inspect IMAGE` */
export async function runInspect(line: CommandLine, host: Host): Promise<void> {
  const [image = ""] = wordsOf(line, ["IMAGE"], 1);
  const json = flag(line, "json");
  const facts = await withFilesystem(line, host, image, (_, facts) => facts(), { resultTells: json });
  await host.stdout.write(json ? inspectionJson(facts) : inspectionText(facts));
}

export function inspectionText(facts: AnyFacts): string {
  return factRows(facts)
    .map(([name, value]) => `${name.padEnd(10)}${printable(value)}\n`)
    .join("");
}

/** Facts that are bytes of the image, and those that are times, of whatever kind has them. */
const TEXTS: readonly string[] = ["label", "lastMounted"];
const TIMES = ["created", "mounted", "written", "checked"] as const;

/** The facts of a kind, its times as RFC 3339 has them. */
type WithTimes<Facts> = {
  readonly [Name in keyof Facts]: Name extends (typeof TIMES)[number]
    ? string | Extract<Facts[Name], undefined>
    : Facts[Name];
};

/** What a superblock says, for a program. */
export type InspectionDocument = WithTimes<Ext4Facts> | WithTimes<ErofsFacts> | WithTimes<XfsFacts>;

function inspectionJson(facts: AnyFacts): string {
  const document = Object.entries(facts).map(([name, value]) => {
    if (TEXTS.includes(name)) return [name, bytesAsText(value)];
    return [name, TIMES.some((time) => time === name) ? value && isoTime(value) : value];
  });
  return `${JSON.stringify(Object.fromEntries(document), null, 2)}\n`;
}
