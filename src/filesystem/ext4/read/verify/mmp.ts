/** The block by which hosts keep each other from mounting the filesystem at the same time (mmp). */

import { decode, viewOf } from "../../../../blocks/field.ts";
import { crc } from "../../format/checksum.ts";
import { EXT4_MMP_MAGIC, EXT4_MMP_SEQ_CLEAN, MMP, MMP_CHECKSUM_OFFSET } from "../../format/mmp.ts";
import type { Check } from "./check.ts";
import { claimFixed } from "./groups.ts";

const WHERE = "mmp block";

export function checkMmp(check: Check): void {
  const { volume, findings } = check;
  const { fields, seed } = volume.superblock;
  findings.attempt(() => {
    const bytes = volume.block(fields.s_mmp_block, WHERE);
    claimFixed(check, WHERE, fields.s_mmp_block, 1);
    const { mmp_magic, mmp_seq, mmp_checksum } = decode(MMP, viewOf(bytes), 0);
    findings.expect(mmp_magic === EXT4_MMP_MAGIC, WHERE, "it has no magic number");
    findings.expect(mmp_seq === EXT4_MMP_SEQ_CLEAN, WHERE, "a host has the filesystem in use");
    const right = mmp_checksum === crc(seed, bytes.subarray(0, MMP_CHECKSUM_OFFSET));
    findings.expect(right || !volume.has("metadata_csum"), WHERE, "its checksum is wrong");
  });
}
