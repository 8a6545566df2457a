import { encode, viewOf } from "../blocks/field.ts";
import {
  ATTR_ARCHIVE,
  ATTR_LONG_NAME,
  ATTR_VOLUME_ID,
  DIRECTORY_ENTRY,
  dosTime,
  ENTRY_SIZE,
  LAST_LONG_ENTRY,
  LONG_NAME_CHARACTERS,
  LONG_NAME_ENTRY,
  shortNameChecksum,
} from "./format/directory-entry.ts";

/** A file that has its clusters, one behind the other. */
export interface PlacedFile {
  /** ASCII, 13 characters at most. */
  readonly name: string;
  readonly size: number;
  /** The first; 0 for an empty file. */
  readonly cluster: number;
}

/** The entries of the label and of each file, with its name as it is and a short one for those who know no other. */
export function rootDirectory(label: string, files: readonly PlacedFile[], seconds: number): Uint8Array {
  const { date, time } = dosTime(seconds);
  const bytes = new Uint8Array((1 + 2 * files.length) * ENTRY_SIZE);
  const view = viewOf(bytes);
  const times = { CrtTime: time, CrtDate: date, LstAccDate: date, WrtTime: time, WrtDate: date };
  const labelName = Buffer.from(label.padEnd(11), "latin1");
  encode(DIRECTORY_ENTRY, view, 0, { Name: labelName, Attr: ATTR_VOLUME_ID, WrtTime: time, WrtDate: date });
  files.forEach(({ name, size, cluster }, index) => {
    const at = (1 + 2 * index) * ENTRY_SIZE;
    const short = shortName(name, index + 1);
    encodeLongName(view, at, name, shortNameChecksum(short));
    const entry = { Name: short, Attr: ATTR_ARCHIVE, ...times, FstClusLO: cluster, FileSize: size };
    encode(DIRECTORY_ENTRY, view, at + ENTRY_SIZE, entry);
  });
  return bytes;
}

/** Of characters that every system takes, and by its number like no other: META-D~1. */
function shortName(name: string, number: number): Uint8Array {
  const stem = name.toUpperCase().replaceAll(/[^A-Z0-9-]/g, "_");
  const end = `~${number}`;
  return Buffer.from(`${stem.slice(0, 8 - end.length)}${end}`.padEnd(11), "latin1");
}

function encodeLongName(view: DataView, at: number, name: string, checksum: number): void {
  // A name ends in NUL where it does not fill the part; behind that come ones.
  const text = Buffer.from(`${name}\0`.slice(0, LONG_NAME_CHARACTERS), "utf16le");
  const characters = Buffer.alloc(LONG_NAME_CHARACTERS * 2, 0xff);
  characters.set(text);
  encode(LONG_NAME_ENTRY, view, at, {
    Ord: LAST_LONG_ENTRY | 1,
    Name1: characters.subarray(0, 10),
    Attr: ATTR_LONG_NAME,
    Chksum: checksum,
    Name2: characters.subarray(10, 22),
    Name3: characters.subarray(22, 26),
  });
}
