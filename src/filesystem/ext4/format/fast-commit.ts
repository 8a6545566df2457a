import { le16, le32 } from "../../../blocks/field.ts";

/** fc_tag of what begins the fast commits of a transaction (fs/ext4/fast_commit.h, EXT4_FC_TAG_HEAD). */
export const EXT4_FC_TAG_HEAD = 0x0009;

/** struct ext4_fc_tl, and behind it struct ext4_fc_head. */
export const FAST_COMMIT_HEAD = {
  fc_tag: le16(0x0),
  fc_len: le16(0x2),
  fc_features: le32(0x4),
  fc_tid: le32(0x8),
};
