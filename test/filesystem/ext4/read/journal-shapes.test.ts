/** Journals of every shape: what is replayed in memory is, to the byte, what e2fsprogs replays in the file. */
import { beforeAll, describe, expect } from "bun:test";
import type { JournalFeature } from "../../../../src/filesystem/ext4/read/journal/head.ts";
import type { Replay } from "../../../../src/filesystem/reading/filesystem.ts";
import { memoryImage } from "../../../../src/filesystem/reading/image.ts";
import { expectError } from "../../../support/expect-error.ts";
import { findOracle, testWith } from "../../../support/oracles.ts";
import {
  BLOCK,
  differentBlocks,
  filled,
  isMountable,
  type JournaledImage,
  journaledImage,
  replayedByDebugfs,
} from "./journal-images.ts";
import { type Copy, changeSuperblock, type LogShape, LogWriter } from "./log-writer.ts";
import { lookup, openFilesystem, recover, verify } from "./unpaused.ts";

let sound: JournaledImage;
beforeAll(() => {
  if (findOracle("mke2fs") !== undefined) sound = journaledImage();
});

/** A block that looks like one of a log: the magic number, a commit block, transaction 2. */
function looksLikeLog(): Uint8Array {
  const bytes = filled(0x55);
  bytes.set([0xc0, 0x3b, 0x39, 0x98, 0, 0, 0, 2, 0, 0, 0, 2]);
  return bytes;
}

interface Shape extends LogShape {
  /** Writes the log; `at` gives a copy of the nth block of /data, full of a byte. */
  readonly write: (log: LogWriter, data: readonly number[], at: (n: number, value: number) => Copy) => void;
  /** Bytes that blocks of /data then begin with; 0xee is what they had. */
  readonly reads: Readonly<Record<number, number>>;
  readonly replay: Partial<Replay>;
}

/** Copies over several descriptor blocks, an escaped one, revoked ones, one that is copied again after that. */
const EVERYTHING: Pick<Shape, "write" | "reads" | "replay"> = {
  write: (log, data, at) => {
    const many = Array.from({ length: 150 }, (_, n) => at(n, 1));
    log.transaction(many);
    log.transaction([at(0, 2), { block: data[3] ?? 0, bytes: looksLikeLog() }, at(7, 2)], [data[5] ?? 0]);
    log.transaction([at(6, 3)], [data[6] ?? 0, data[7] ?? 0, data[399] ?? 0]);
    log.transaction([at(7, 4)]);
  },
  reads: { 0: 2, 1: 1, 3: 0xc0, 5: 0xee, 6: 0xee, 7: 4, 149: 1, 150: 0xee, 399: 0xee },
  replay: { transactions: 4, blocks: 148, revoked: 5 },
};

const FORMATS: Readonly<Record<string, readonly JournalFeature[]>> = {
  "tags of 32 bits": ["revoke"],
  "tags of 64 bits": ["revoke", "64bit"],
  "a checksum of each transaction": ["revoke", "checksum"],
  "a checksum of each transaction, asynchronous commits": ["revoke", "checksum", "async_commit"],
  "checksums of version 2": ["revoke", "csum_v2"],
  "checksums of version 2 and tags of 64 bits": ["revoke", "csum_v2", "64bit"],
  "checksums of version 3": ["revoke", "csum_v3"],
  "checksums of version 3 and tags of 64 bits": ["revoke", "csum_v3", "64bit", "async_commit"],
};

const SHAPES: Readonly<Record<string, Shape>> = {
  ...Object.fromEntries(
    Object.entries(FORMATS).map(([name, features]) => [name, { features, ...EVERYTHING }]),
  ),
  "a log that goes on at its start": { features: ["revoke", "csum_v3", "64bit"], start: 950, ...EVERYTHING },
  "a log that goes on at its start, past what comes first": {
    features: ["revoke"],
    start: 1000,
    head: { s_first: 9 },
    ...EVERYTHING,
  },
  "numbers of transactions that go on at 0": { features: ["revoke"], sequence: 0xfffffffe, ...EVERYTHING },
  "a superblock of version 1": {
    head: { h_blocktype: 3, s_nr_users: 0 },
    write: (log, _, at) => log.transaction([at(0, 1)]),
    reads: { 0: 1 },
    replay: { transactions: 1, blocks: 1, revoked: 0 },
  },
  "a UUID after each tag, deleted blocks": {
    features: ["csum_v3"],
    write: (log, _, at) => {
      log.transaction(Array.from({ length: 60 }, (__, n) => ({ ...at(n, 1), uuid: n % 2 === 0, flags: 4 })));
    },
    reads: { 0: 1, 59: 1, 60: 0xee },
    replay: { transactions: 1, blocks: 60 },
  },
  "a full descriptor block whose last tag is not marked": {
    features: ["csum_v2", "64bit"],
    write: (log, _, at) => {
      log.transaction(Array.from({ length: 70 }, (__, n) => ({ ...at(n, 1), marked: false as const })));
    },
    reads: { 0: 1, 69: 1, 70: 0xee },
    replay: { transactions: 1, blocks: 70 },
  },
  "a last transaction without its commit block": {
    write: (log, _, at) => {
      log.transaction([at(0, 1)]);
      log.describe([at(0, 2), at(1, 2)]);
    },
    reads: { 0: 1, 1: 0xee },
    replay: { transactions: 1, blocks: 1 },
  },
  "a transaction of an earlier use of the log after the last one": {
    write: (log, _, at) => {
      log.transaction([at(0, 1)]);
      log.sequence -= 2;
      log.transaction([at(0, 2)]);
    },
    reads: { 0: 1 },
    replay: { transactions: 1 },
  },
  "a block of no known type": {
    write: (log, _, at) => {
      log.transaction([at(0, 1)]);
      log.describe([at(0, 2)]);
      log.block(log.next - 2)[7] = 9;
      log.commit();
    },
    reads: { 0: 1 },
    replay: { transactions: 1 },
  },
  "an old transaction with the right number and wrong checksums": {
    features: ["csum_v3"],
    write: (log, _, at) => {
      log.transaction([at(0, 1)], [], 2000);
      log.transaction([at(0, 2)], [], 1000);
      log.damage(log.next - 3, 500);
    },
    reads: { 0: 1 },
    replay: { transactions: 1 },
  },
  "an old commit block with a wrong checksum": {
    features: ["csum_v3"],
    write: (log, _, at) => {
      log.transaction([at(0, 1)], [], 2000);
      log.transaction([at(0, 2)], [], 1000);
      log.damage(log.next - 1, 0x3b);
    },
    reads: { 0: 1 },
    replay: { transactions: 1 },
  },
  "an asynchronous commit whose copies never arrived": {
    features: ["checksum", "async_commit"],
    write: (log, _, at) => {
      log.transaction([at(0, 1)]);
      log.transaction([at(0, 2)]);
      log.damage(log.next - 2, 500);
    },
    reads: { 0: 1 },
    replay: { transactions: 1 },
  },
  "an error that the kernel noted": {
    head: { s_errno: -5 },
    write: (log, _, at) => log.transaction([at(0, 1)]),
    reads: { 0: 1 },
    replay: { transactions: 1 },
  },
  "nothing in it": {
    head: { s_start: 0 },
    write: (log, _, at) => log.transaction([at(0, 1)]),
    reads: { 0: 0xee },
    replay: { transactions: 0, blocks: 0, revoked: 0 },
  },
};

function written(shape: Pick<Shape, "write"> & LogShape, image = sound): Uint8Array {
  const log = new LogWriter(image.bytes.slice(), shape);
  const at = (n: number, value: number): Copy => ({ block: image.data[n] ?? 0, bytes: filled(value) });
  shape.write(log, image.data, at);
  return log.image;
}

describe("replayed", () => {
  for (const [name, shape] of Object.entries(SHAPES)) {
    testWith(["mke2fs", "debugfs"], name, () => {
      const image = written(shape);
      const before = image.slice();
      const { volume, replay } = recover(memoryImage(image));
      expect(replay).toMatchObject(shape.replay);
      for (const [n, value] of Object.entries(shape.reads)) {
        expect([n, volume.block(sound.data[Number(n)] ?? 0, "data")[0]]).toEqual([n, value]);
      }
      expect(differentBlocks(volume.image, replayedByDebugfs(image), BLOCK)).toEqual([]);
      const errors = shape.head?.s_errno === undefined ? [] : ["the kernel noted an error in the filesystem"];
      expect(verify(memoryImage(image)).findings.map(({ what }) => what)).toEqual(errors);
      expect(Buffer.compare(image, before)).toBe(0);
    });
  }
});

interface Damage extends Pick<Shape, "write">, LogShape {
  readonly said: string;
  /** Whether a kernel does not refuse it: it would never come to an end, or write over its own log. */
  readonly notByKernel?: true;
}

const DAMAGES: Readonly<Record<string, Damage>> = {
  "a commit block with a wrong checksum": {
    features: ["csum_v3"],
    write: (log, _, at) => {
      log.transaction([at(0, 1)]).transaction([at(0, 2)]);
      log.damage(log.next - 1, 0x3b);
    },
    said: "the checksum of its transaction 2 is wrong",
  },
  "a transaction with a wrong checksum": {
    features: ["checksum"],
    write: (log, _, at) => {
      log.transaction([at(0, 1)]);
      log.damage(log.next - 2, 500);
    },
    said: "the checksum of its transaction 1 is wrong",
  },
  "an asynchronous commit that lacks copies, with another one after it": {
    features: ["checksum", "async_commit"],
    write: (log, _, at) => {
      log.transaction([at(0, 1)]).transaction([at(0, 2)]);
      log.damage(2, 500);
    },
    said: "the checksum of its transaction 1 is wrong",
  },
  "a descriptor block with a wrong checksum": {
    features: ["csum_v2"],
    write: (log, _, at) => {
      log.transaction([at(0, 1)]);
      log.damage(1, 500);
    },
    said: "a block of its transaction 1 has a wrong checksum",
  },
  "a list of revoked blocks with a wrong checksum": {
    features: ["csum_v3", "revoke"],
    write: (log, data, at) => {
      log.transaction([at(0, 1)], [data[5] ?? 0]);
      log.damage(3, 500);
    },
    said: "a block of its transaction 1 has a wrong checksum",
  },
  "a copy with a wrong checksum": {
    features: ["csum_v3"],
    write: (log, _, at) => {
      log.transaction([at(0, 1), at(1, 1)]).transaction([at(2, 1)]);
      log.damage(2, 500);
    },
    said: "the checksum of its copy of block",
  },
  "a list of revoked blocks that is too long": {
    features: ["revoke"],
    write: (log, data, at) => {
      log.transaction([at(0, 1)], [data[5] ?? 0]);
      log.block(3).set([0, 0, 4, 1], 12);
    },
    said: "a list of revoked blocks of its transaction 1 is too long",
  },
  "a copy of a block past the end of the image": {
    write: (log) => log.transaction([{ block: 8192, bytes: filled(1) }]),
    said: "it has a copy of block 8192, which is past the end of the image",
  },
  "a copy of a block with a number of 64 bits": {
    features: ["64bit"],
    write: (log) => log.transaction([{ block: 2 ** 40 + 5, bytes: filled(1) }]),
    said: "past the end of the image",
  },
  "a copy of a block of the journal": {
    write: (log) => log.transaction([{ block: log.place(500), bytes: filled(1) }]),
    said: "which is its own",
    notByKernel: true,
  },
  "a log that goes in a circle": {
    features: ["revoke"],
    write: (log, data) => {
      for (let i = 1; i < log.maximum; i++) log.revoke([data[i] ?? 0]);
    },
    said: "its log has no end",
    notByKernel: true,
  },
  "a log that begins past its end": {
    start: 5000,
    write: () => {},
    said: "its log leads to block 5000 of it",
  },
  "a log that is longer than its file": {
    head: { s_maxlen: 1025 },
    write: (log, _, at) => log.transaction([at(0, 1)]),
    said: "it says 1025 blocks and has 1024",
  },
  "blocks of another size": {
    head: { s_blocksize: 2048 },
    write: (log, _, at) => log.transaction([at(0, 1)]),
    said: "its blocks have 2048 bytes",
  },
  "an unknown feature": {
    head: { s_feature_incompat: 0x40 },
    write: (log, _, at) => log.transaction([at(0, 1)]),
    said: "it has unknown features",
  },
  "checksums of two versions": {
    features: ["csum_v2", "csum_v3"],
    write: (log, _, at) => log.transaction([at(0, 1)]),
    said: "it has checksums of two versions",
  },
  "a head with a wrong checksum": {
    features: ["csum_v3"],
    write: (log) => log.damage(0, 0x300),
    said: "the checksum of its head is wrong",
  },
};

describe("refused", () => {
  for (const [name, damage] of Object.entries(DAMAGES)) {
    testWith(["mke2fs", "loop mount"], `${name}, as the kernel does`, async () => {
      const image = written(damage);
      const where = `journal: ${damage.said}`;
      await expectError(() => openFilesystem(memoryImage(image)), "E_INVALID_FILESYSTEM", damage.said);
      expect(verify(memoryImage(image)).findings).toMatchObject([
        { where: "journal", what: expect.stringContaining(damage.said) },
      ]);
      const inPlace = openFilesystem(memoryImage(image), { ignoreJournal: true });
      expect(lookup(inPlace, "folder/file").size).toBe(8);
      if (damage.notByKernel !== true) expect([where, isMountable(image)]).toEqual([where, false]);
    });
  }

  testWith(["mke2fs", "loop mount"], "the same log without the damage mounts", () => {
    expect(
      isMountable(written({ features: ["csum_v3"], write: (log, _, at) => log.transaction([at(0, 1)]) })),
    ).toBe(true);
  });

  testWith(["mke2fs"], "a journal on another device, named as that", async () => {
    const image = sound.bytes.slice();
    changeSuperblock(image, ({ s_feature_incompat }) => ({
      s_feature_incompat: s_feature_incompat | 4,
      s_journal_inum: 0,
      s_journal_dev: 0x801,
    }));
    for (const read of [openFilesystem, verify]) {
      await expectError(
        () => read(memoryImage(image)),
        "E_NEEDS_RECOVERY",
        "on another device",
        "--ignore-journal",
      );
    }
  });

  testWith(["mke2fs", "loop mount"], "two journals, as the kernel does", async () => {
    const image = sound.bytes.slice();
    changeSuperblock(image, ({ s_feature_incompat }) => ({
      s_feature_incompat: s_feature_incompat | 4,
      s_journal_dev: 0x801,
    }));
    await expectError(
      () => openFilesystem(memoryImage(image)),
      "E_INVALID_FILESYSTEM",
      "it names two journals",
    );
    expect(isMountable(image)).toBe(false);
  });

  testWith(["mke2fs"], "a journal that is not there", async () => {
    const image = sound.bytes.slice();
    changeSuperblock(image, ({ s_feature_incompat, s_feature_compat }) => ({
      s_feature_incompat: s_feature_incompat | 4,
      s_feature_compat: s_feature_compat & ~4,
      s_journal_inum: 0,
    }));
    await expectError(
      () => openFilesystem(memoryImage(image)),
      "E_INVALID_FILESYSTEM",
      "there is no journal",
    );
  });
});

describe("fast commits", () => {
  /** EXT4_FC_TAG_HEAD without features, for a transaction. */
  const headOf = (transaction: number): number[] => [9, 0, 8, 0, 0, 0, 0, 0, transaction, 0, 0, 0];

  function withFastCommit(transaction: number): Uint8Array {
    const image = journaledImage("-t ext4 -b 1024 -J size=2");
    const shape: LogShape = { features: ["fast_commit"], fastCommitBlocks: 300 };
    return written(
      {
        ...shape,
        write: (log, _, at) => {
          log.transaction([at(0, 1)]).transaction([at(1, 1)]);
          log.block(log.maximum - 300 + 1).set(headOf(transaction));
        },
      },
      image,
    );
  }

  testWith(["mke2fs"], "after the last full commit are refused", async () => {
    const image = memoryImage(withFastCommit(3));
    for (const read of [openFilesystem, verify]) {
      await expectError(() => read(image), "E_NEEDS_RECOVERY", "which has fast commits", "--ignore-journal");
    }
  });

  testWith(["mke2fs", "loop mount"], "from before it do not count", () => {
    const image = withFastCommit(2);
    expect(recover(memoryImage(image)).replay).toMatchObject({ transactions: 2, blocks: 2 });
    expect(isMountable(image)).toBe(true);
  });
});
