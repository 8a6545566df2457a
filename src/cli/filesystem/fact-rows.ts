/** What `inspect` says of each kind of filesystem, a row for each fact. */
import type { AnyFacts, ErofsFacts, Ext4Facts, XfsFacts } from "../../filesystem/open.ts";
import { formatBytes } from "../bytes.ts";
import { bytesAsText, isoTime } from "./text.ts";

type Row = [name: string, value: string];

const JOURNAL = {
  clean: "clean",
  "needs recovery": "needs recovery",
  replayed: "replayed in memory",
  none: "none",
} as const satisfies Record<Ext4Facts["journal"], string>;

export function factRows(facts: AnyFacts): Row[] {
  if (facts.type === "erofs") return erofsRows(facts);
  return facts.type === "xfs" ? xfsRows(facts) : ext4Rows(facts);
}

const LOG = {
  clean: "clean",
  "needs recovery": "needs recovery",
  elsewhere: "on another device",
} as const satisfies Record<XfsFacts["log"], string>;

function xfsRows(facts: XfsFacts): Row[] {
  return [
    ["Type", `${typeText(facts)}, log ${LOG[facts.log]}`],
    ...identityRows(facts),
    [
      "Blocks",
      `${facts.blocks} of ${facts.blockSize} bytes, ${facts.freeBlocks} free, ${facts.logBlocks} for the log`,
    ],
    [
      "Inodes",
      `${facts.inodes} of ${facts.inodeSize} bytes, ${facts.freeInodes} free; more are made as needed`,
    ],
    ["Groups", `${facts.groups} of ${facts.blocksPerGroup} blocks`],
    ["Features", facts.features.join(" ")],
    ["Created", timeText(facts.created)],
  ];
}

function erofsRows(facts: ErofsFacts): Row[] {
  return [
    ["Type", `${typeText(facts)}, never written to`],
    ...identityRows(facts),
    ["Blocks", `${facts.blocks} of ${facts.blockSize} bytes`],
    ["Inodes", String(facts.inodes)],
    ["Packing", facts.compression.length === 0 ? "none" : facts.compression.join(" ")],
    ["Features", facts.features.join(" ")],
    ["Created", facts.created === undefined ? "not told" : isoTime(facts.created)],
  ];
}

function ext4Rows(facts: Ext4Facts): Row[] {
  return [
    ["Type", `${typeText(facts)}, journal ${JOURNAL[facts.journal]}`],
    ...identityRows(facts),
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
}

/** What all kinds have in common. */
function identityRows(facts: AnyFacts): Row[] {
  return [
    ["Label", facts.label === "" ? "none" : bytesAsText(facts.label)],
    ["UUID", facts.uuid],
    ["Size", `${formatBytes(facts.size)}, of which ${formatBytes(facts.free)} free`],
  ];
}

function typeText({ type, clean }: AnyFacts): string {
  return `${type}, ${clean ? "clean" : "not clean"}`;
}

function timeText(time: AnyFacts["created"]): string {
  return time === undefined ? "never" : isoTime(time);
}
