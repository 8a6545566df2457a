/** Fields of an inode in use that contradict each other or the features. */
import { type FileType, inodeName } from "../../../reading/filesystem.ts";
import {
  EXT4_APPEND_FL,
  EXT4_CASEFOLD_FL,
  EXT4_EA_INODE_FL,
  EXT4_ENCRYPT_FL,
  EXT4_EXTENTS_FL,
  EXT4_HUGE_FILE_FL,
  EXT4_IMAGIC_FL,
  EXT4_IMMUTABLE_FL,
  EXT4_INDEX_FL,
  EXT4_INLINE_DATA_FL,
  EXT4_VERITY_FL,
  I_BLOCK_SIZE,
  INODE,
} from "../../format/inode.ts";
import type { FeatureName } from "../features.ts";
import { type FileInode, hasFlag } from "../inode.ts";
import { isFastSymlink, readSymlink, symlinkIsTerminated } from "../symlink.ts";
import type { Check } from "./check.ts";

/** Flags with the feature that each needs and the types that may have it; undefined: any. */
const FLAG_RULES: readonly {
  readonly name: string;
  readonly flag: number;
  readonly feature: FeatureName;
  readonly types?: readonly FileType[];
}[] = [
  { name: "index", flag: EXT4_INDEX_FL, feature: "dir_index", types: ["directory"] },
  { name: "extents", flag: EXT4_EXTENTS_FL, feature: "extent", types: ["file", "directory", "symlink"] },
  {
    name: "inline data",
    flag: EXT4_INLINE_DATA_FL,
    feature: "inline_data",
    types: ["file", "directory", "symlink"],
  },
  { name: "encrypt", flag: EXT4_ENCRYPT_FL, feature: "encrypt", types: ["file", "directory", "symlink"] },
  { name: "casefold", flag: EXT4_CASEFOLD_FL, feature: "casefold", types: ["directory"] },
  { name: "ea_inode", flag: EXT4_EA_INODE_FL, feature: "ea_inode", types: ["file"] },
  { name: "verity", flag: EXT4_VERITY_FL, feature: "verity", types: ["file"] },
  { name: "huge file", flag: EXT4_HUGE_FILE_FL, feature: "huge_file" },
  { name: "imagic", flag: EXT4_IMAGIC_FL, feature: "imagic_inodes" },
];

/** From here on a size needs the feature large_file. */
export const LARGE_FILE = 2 ** 31;

export function checkFields(check: Check, inode: FileInode): void {
  const { volume, findings } = check;
  const { number, fields, type, links } = inode;
  const add = (what: string): void => findings.add(inodeName(number), what);
  const expect = (condition: boolean, what: string): void => {
    if (!condition) add(what);
  };
  expect(type !== undefined, "its type is none that there is");
  expect(links === 0 || fields.i_dtime === 0, "it is in use, but has a time of deletion");
  if (!inode.extraSizeIsValid) add(`i_extra_isize cannot be ${fields.i_extra_isize}`);
  checkWidths(check, inode);
  for (const rule of FLAG_RULES) {
    if ((fields.i_flags & rule.flag) === 0) continue;
    if (!volume.has(rule.feature)) add(`it has the flag ${rule.name} without the feature ${rule.feature}`);
    const allowed = rule.types === undefined || (type !== undefined && rule.types.includes(type));
    if (!allowed) add(`it has the flag ${rule.name}, which a ${type} cannot have`);
  }
  if (type === "symlink") checkSymlink(check, inode);
  if (type === "char" || type === "block" || type === "fifo" || type === "socket") {
    expect(inode.size === 0, `a ${type} with a size`);
    expect(
      (fields.i_flags & (EXT4_IMMUTABLE_FL | EXT4_APPEND_FL)) === 0,
      `it is immutable or only appended to, which a ${type} cannot be`,
    );
  }
  checkTimes(check, inode);
}

/** What is wider than the features allow. */
function checkWidths({ volume, findings }: Check, { number, fields, type, size }: FileInode): void {
  const expect = (condition: boolean, what: string): void =>
    findings.expect(condition, inodeName(number), what);
  expect(fields.i_obso_faddr === 0, "it has a fragment of a block, which was never a feature");
  expect(
    volume.has("64bit") || fields.l_i_file_acl_high === 0,
    "its block of attributes is past what 32 bits say",
  );
  expect(volume.has("huge_file") || fields.l_i_blocks_high === 0, "i_blocks needs the feature huge_file");
  const sized = type === "file" || volume.has("large_dir");
  expect(sized || fields.i_size_high === 0, "its size is past what 32 bits say");
  const large = type === "file" && size >= LARGE_FILE;
  expect(!large || volume.has("large_file"), `its size is ${size}, which needs the feature large_file`);
}

function checkSymlink({ volume, findings }: Check, inode: FileInode): void {
  if (hasFlag(inode, "encrypted")) return;
  findings.attempt(() => {
    readSymlink(volume, inode);
    const isFast = isFastSymlink(volume, inode);
    const isPlaced = hasFlag(inode, "inline") || isFast === inode.size < I_BLOCK_SIZE;
    findings.expect(
      isPlaced,
      inodeName(inode.number),
      `a target of ${inode.size} bytes is not in that place`,
    );
    const isMapped = isFast && hasFlag(inode, "extents");
    findings.expect(!isMapped, inodeName(inode.number), "its target is said to be in itself and in extents");
    const terminated = symlinkIsTerminated(volume, inode);
    findings.expect(
      terminated,
      inodeName(inode.number),
      "the symbolic link's target does not end with a zero",
    );
  });
}

const TIMES = [
  { seconds: INODE.i_atime, extra: INODE.i_atime_extra },
  { seconds: INODE.i_ctime, extra: INODE.i_ctime_extra },
  { seconds: INODE.i_mtime, extra: INODE.i_mtime_extra },
  { seconds: INODE.i_crtime, extra: INODE.i_crtime_extra },
];

/** Old kernels wrote the epoch bits of times before 1970 wrongly, and e2fsck takes 2310 to 2378 for that. */
function checkTimes({ findings }: Check, { number, view }: FileInode): void {
  for (const { seconds, extra } of TIMES) {
    if ((extra.get(view, 0) & 3) !== 3 || seconds.get(view, 0) < 2 ** 31) continue;
    findings.add(inodeName(number), "a time between 2310 and 2378, which e2fsck takes for one before 1970");
  }
}
