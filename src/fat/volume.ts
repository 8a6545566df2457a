/** Small FAT volumes: a few files in the root directory, as a seed for cloud-init has them. */
import { createHash } from "node:crypto";
import { encode, viewOf } from "../blocks/field.ts";
import { assert } from "../errors.ts";
import {
  BOOT_SECTOR,
  BOOT_SIGNATURE,
  DRIVE_FIXED,
  EXTENDED_BOOT_SIGNATURE,
  JUMP,
  MEDIA_FIXED,
  SECTOR_SIZE,
} from "./format/boot-sector.ts";
import { END_OF_CHAIN, FIRST_CLUSTER, MOST_CLUSTERS, putEntry, tableBytes } from "./format/cluster-table.ts";
import { ENTRY_SIZE } from "./format/directory-entry.ts";
import { rootDirectory } from "./root-directory.ts";

export interface FatFile {
  /** ASCII, 13 characters at most, none of which a long name may not have. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

export interface FatVolume {
  /** ASCII, upper case, 11 characters at most. */
  readonly label: string;
  readonly files: readonly FatFile[];
  /** Seconds since 1970, of every file. */
  readonly time: number;
}

/** Of the geometry that programs for floppies ask for: 32 sectors and 64 heads, as SCSI disks had it. */
const SECTORS_PER_TRACK = 32;
const HEADS = 64;
const TABLES = 2;
const RESERVED_SECTORS = 1;
const ROOT_ENTRIES = 64;
const ROOT_SECTORS = (ROOT_ENTRIES * ENTRY_SIZE) / SECTOR_SIZE;
const LARGEST_CLUSTER_SECTORS = 128;
const WHOLE_MULTIPLE = 0x10000;

interface Layout {
  readonly clusterSectors: number;
  readonly tableSectors: number;
  /** Of the whole volume: a multiple of a track. */
  readonly sectors: number;
  /** The sector that cluster 2 begins with. */
  readonly dataStart: number;
}

/** The bytes of a FAT12 volume; the same for the same files. Its serial number follows from what it holds. */
export function fatVolume({ label, files, time }: FatVolume): Uint8Array {
  const layout = layoutFor(files.map(({ bytes }) => bytes.length));
  const { clusterSectors, tableSectors, sectors, dataStart } = layout;
  const image = new Uint8Array(sectors * SECTOR_SIZE);
  const table = new Uint8Array(tableSectors * SECTOR_SIZE);
  putEntry(table, 0, 0xf00 | MEDIA_FIXED);
  putEntry(table, 1, END_OF_CHAIN);
  const clusterBytes = clusterSectors * SECTOR_SIZE;
  let next = FIRST_CLUSTER;
  const placed = files.map(({ name, bytes }) => {
    const first = next;
    image.set(bytes, (dataStart + (first - FIRST_CLUSTER) * clusterSectors) * SECTOR_SIZE);
    for (const end = first + Math.ceil(bytes.length / clusterBytes); next < end; next++) {
      putEntry(table, next, next + 1 < end ? next + 1 : END_OF_CHAIN);
    }
    // An empty file has no cluster.
    return { name, size: bytes.length, cluster: bytes.length === 0 ? 0 : first };
  });
  for (let copy = 0; copy < TABLES; copy++) {
    image.set(table, (RESERVED_SECTORS + copy * tableSectors) * SECTOR_SIZE);
  }
  image.set(rootDirectory(label, placed, time), (dataStart - ROOT_SECTORS) * SECTOR_SIZE);
  encodeBootSector(image, label, layout);
  return image;
}

/** The smallest clusters of which there are not too many. */
function layoutFor(sizes: readonly number[]): Layout {
  for (let clusterSectors = 1; clusterSectors <= LARGEST_CLUSTER_SECTORS; clusterSectors *= 2) {
    const needed = sizes.reduce((sum, size) => sum + Math.ceil(size / (clusterSectors * SECTOR_SIZE)), 0);
    const layout = layoutOf(clusterSectors, needed);
    if (layout !== undefined) return layout;
  }
  assert(false, "files for a FAT volume are larger than such a one can be");
}

/** Undefined where there would be too many clusters. What a track has left at the end is clusters, too. */
function layoutOf(clusterSectors: number, needed: number): Layout | undefined {
  const most = needed + SECTORS_PER_TRACK;
  if (most > MOST_CLUSTERS) return undefined;
  const tableSectors = Math.ceil(tableBytes(most) / SECTOR_SIZE);
  const dataStart = RESERVED_SECTORS + TABLES * tableSectors + ROOT_SECTORS;
  const end = dataStart + needed * clusterSectors;
  const sectors = Math.ceil(end / SECTORS_PER_TRACK) * SECTORS_PER_TRACK;
  return { clusterSectors, tableSectors, sectors, dataStart };
}

function encodeBootSector(image: Uint8Array, label: string, layout: Layout): void {
  const { clusterSectors, tableSectors, sectors } = layout;
  const small = sectors < WHOLE_MULTIPLE;
  const ascii = (text: string, width: number): Uint8Array => Buffer.from(text.padEnd(width), "latin1");
  const serial = createHash("sha256").update(image).digest().readUInt32LE(0);
  encode(BOOT_SECTOR, viewOf(image), 0, {
    jmpBoot: JUMP,
    OEMName: ascii("docker2v", 8),
    BytsPerSec: SECTOR_SIZE,
    SecPerClus: clusterSectors,
    RsvdSecCnt: RESERVED_SECTORS,
    NumFATs: TABLES,
    RootEntCnt: ROOT_ENTRIES,
    TotSec16: small ? sectors : 0,
    Media: MEDIA_FIXED,
    FATSz16: tableSectors,
    SecPerTrk: SECTORS_PER_TRACK,
    NumHeads: HEADS,
    TotSec32: small ? 0 : sectors,
    DrvNum: DRIVE_FIXED,
    BootSig: EXTENDED_BOOT_SIGNATURE,
    VolID: serial,
    VolLab: ascii(label, 11),
    FilSysType: ascii("FAT12", 8),
    signature: BOOT_SIGNATURE,
  });
}
