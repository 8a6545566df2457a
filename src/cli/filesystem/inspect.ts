import { type FilesystemFacts, inspect } from "../../filesystem/ext4/read/inspect.ts";
import { formatBytes } from "../bytes.ts";
import type { CommandLine } from "../command-line.ts";
import type { Host } from "../host.ts";
import { printable } from "../printable.ts";
import { flag } from "../request.ts";
import { bytesAsText, isoTime } from "./text.ts";
import { withFilesystem, wordsOf } from "./with-filesystem.ts";

/** `docker2vm inspect IMAGE` */
export async function runInspect(line: CommandLine, host: Host): Promise<void> {
  const [image = ""] = wordsOf(line, ["IMAGE"], 1);
  const json = flag(line, "json");
  const facts = await withFilesystem(line, host, image, inspect, { resultTells: json });
  await host.stdout.write(json ? inspectionJson(facts) : inspectionText(facts));
}

const JOURNAL = {
  clean: "clean",
  "needs recovery": "needs recovery",
  replayed: "replayed in memory",
  none: "none",
} as const satisfies Record<FilesystemFacts["journal"], string>;

export function inspectionText(facts: FilesystemFacts): string {
  const state = facts.clean ? "clean" : "not clean";
  const rows: [name: string, value: string][] = [
    ["Type", `${facts.type}, ${state}, journal ${JOURNAL[facts.journal]}`],
    ["Label", facts.label === "" ? "none" : bytesAsText(facts.label)],
    ["UUID", facts.uuid],
    ["Size", `${formatBytes(facts.size)}, of which ${formatBytes(facts.free)} free`],
    [
      "Blocks",
      `${facts.blocks} of ${facts.blockSize} bytes, ${facts.freeBlocks} free, ${facts.reservedBlocks} reserved`,
    ],
    ["Inodes", `${facts.inodes} of ${facts.inodeSize} bytes, ${facts.freeInodes} free`],
    ["Groups", `${facts.groups} of ${facts.blocksPerGroup} blocks and ${facts.inodesPerGroup} inodes`],
    ["Features", facts.features.join(" ")],
    ["Created", timeText(facts.created)],
    ["Written", timeText(facts.written)],
    ["Mounted", `${timeText(facts.mounted)}, ${facts.mounts} times since the last check`],
  ];
  return rows.map(([name, value]) => `${name.padEnd(10)}${printable(value)}\n`).join("");
}

function inspectionJson(facts: FilesystemFacts): string {
  const times = Object.fromEntries(
    (["created", "mounted", "written", "checked"] as const).map((name) => [
      name,
      facts[name] && isoTime(facts[name]),
    ]),
  );
  const names = { label: bytesAsText(facts.label), lastMounted: bytesAsText(facts.lastMounted) };
  return `${JSON.stringify({ ...facts, ...names, ...times }, null, 2)}\n`;
}

function timeText(time: FilesystemFacts["created"]): string {
  return time === undefined ? "never" : isoTime(time);
}
