/** Who takes part, and what each does and leaves out: a faster one that does less is no faster. */
import { readers } from "./reading.ts";

/** A shell script. Its variables: see ContenderEnvironment. */
export interface Contender {
  readonly name: string;
  /** What it does, to be read beside its numbers. */
  readonly note: string;
  /** Programs that must be there. */
  readonly needs: readonly string[];
  /** "more": LAYOUT and MORE. */
  readonly startsFrom: "layout" | "more" | "registry" | "flat";
  /** What has to be there already, another script; no part of the time. */
  readonly prepare?: string;
  readonly script: string;
  /** The file in $OUT that it makes, if any. */
  readonly image?: string;
}

export interface ContenderEnvironment {
  readonly BUN: string;
  /** This project's folder. */
  readonly ROOT: string;
  /** An OCI layout with one image, tagged "latest"; the same in a registry. */
  readonly LAYOUT: string;
  /** The program in one file, or where that is to be. */
  readonly EXECUTABLE: string;
  readonly REFERENCE: string;
  /** The same with a layer of 20 MB more, in a layout. */
  readonly MORE: string;
  /** The image flattened: rootfs/, rootfs.tar, rootfs.tar.gz, rootfs.proto; the KiB of its files, their number. */
  readonly FLAT: string;
  readonly FLAT_KIB: string;
  readonly FLAT_INODES: string;
  /** An empty folder to write to. */
  readonly OUT: string;
}

export const DOCKER2VM = "docker2vm";

/** The program as it is published: `npm run bundle` makes it of the sources. */
export const PROGRAM = "dist/main.js";

/** The same in one file, made of the sources when it is wanted. */
export const EXECUTABLE = "docker2vm";

const COMMAND = `"$BUN" "$ROOT/${PROGRAM}"`;
const TO_EXT4 = "convert --platform linux/amd64 --progress none";
const ANEW = `--out "$OUT" --no-result-cache --layer-store off`;
const RUN = `${COMMAND} ${TO_EXT4}`;
const CONVERT = `exec ${RUN} ${ANEW}`;
const WITH_LAYERS = `${RUN} --no-result-cache`;
/** Has the layout in one file, and that in the page cache. */
const ARCHIVE = `set -e
[ -f "$LAYOUT.tar" ] || tar -cf "$LAYOUT.tar" -C "$LAYOUT" .
cat "$LAYOUT.tar" >/dev/null`;

/** Has the image's layers kept beside it. */
const KEEP_LAYERS = `set -e
[ -d "$LAYOUT.layers" ] || ${WITH_LAYERS} --cache-dir "$LAYOUT.layers" --out "$OUT/first" "oci:$LAYOUT"
rm -rf "$OUT/first"`;

/** Has the image's result kept beside it. */
const KEEP_RESULT = `set -e
[ -d "$LAYOUT.kept" ] || ${RUN} --result-cache --layer-store off --cache-dir "$LAYOUT.kept" --out "$OUT/first" "oci:$LAYOUT"
rm -rf "$OUT/first"`;

/** A size that holds any such folder, as one has to guess it: a quarter more, and an inode to each block. */
const MKE2FS_FOLDER = `kib=$(du -sk "$rootfs" | cut -f1)
mke2fs -q -t ext4 -i 4096 -d "$rootfs" "$OUT/rootfs.ext4" $((kib + kib / 4 + 65536))k`;

export const CONTENDERS: readonly Contender[] = [
  {
    name: DOCKER2VM,
    note: "from layers: verifies blobs and diff_ids, applies whiteouts, indexes directories, checksums, syncs the file",
    needs: [],
    startsFrom: "layout",
    image: "rootfs.ext4",
    script: `${CONVERT} "oci:$LAYOUT"`,
  },
  {
    name: "docker2vm, one executable",
    note: "the program and its runtime in one file, as a release has it",
    needs: [],
    startsFrom: "layout",
    image: "rootfs.ext4",
    prepare: `"$BUN" "$ROOT/bench/executable.ts" "$EXECUTABLE" && cat "$EXECUTABLE" >/dev/null`,
    script: `exec "$EXECUTABLE" ${TO_EXT4} ${ANEW} "oci:$LAYOUT"`,
  },
  {
    name: "docker2vm under Node",
    note: "the same files as the first, run by Node",
    needs: ["node"],
    startsFrom: "layout",
    image: "rootfs.ext4",
    script: `exec node "$ROOT/${PROGRAM}" ${TO_EXT4} ${ANEW} "oci:$LAYOUT"`,
  },
  {
    name: "docker2vm from a registry",
    note: "the same with every byte coming through HTTP on loopback, from docker-registry, which shares the cores",
    needs: ["docker-registry", "skopeo"],
    startsFrom: "registry",
    image: "rootfs.ext4",
    script: `${CONVERT} --no-cache "$REFERENCE"`,
  },
  {
    name: "docker2vm from an archive",
    note: "the same from one file that holds the layout, as docker save writes it",
    needs: ["tar"],
    startsFrom: "layout",
    image: "rootfs.ext4",
    prepare: ARCHIVE,
    script: `${CONVERT} "oci-archive:$LAYOUT.tar"`,
  },
  {
    name: "docker2vm from a pipe",
    note: "the same archive through a pipe on standard input",
    needs: ["tar"],
    startsFrom: "layout",
    image: "rootfs.ext4",
    prepare: ARCHIVE,
    script: `cat "$LAYOUT.tar" | (${CONVERT} -)`,
  },
  {
    name: "docker2vm from standard input",
    note: "the same archive as the file that standard input is",
    needs: ["tar"],
    startsFrom: "layout",
    image: "rootfs.ext4",
    prepare: ARCHIVE,
    script: `${CONVERT} - <"$LAYOUT.tar"`,
  },
  {
    name: "docker2vm, the same once more",
    note: "its result from the cache, by a copy or, where the filesystem has that, a clone",
    needs: [],
    startsFrom: "layout",
    image: "rootfs.ext4",
    prepare: KEEP_RESULT,
    script: `exec ${RUN} --out "$OUT" --result-cache --layer-store off --cache-dir "$LAYOUT.kept" "oci:$LAYOUT"`,
  },
  {
    name: "docker2vm, layers known",
    note: "the same image from layers that the cache has as they are unpacked",
    needs: [],
    startsFrom: "layout",
    image: "rootfs.ext4",
    prepare: KEEP_LAYERS,
    script: `exec ${WITH_LAYERS} --out "$OUT" --cache-dir "$LAYOUT.layers" "oci:$LAYOUT"`,
  },
  {
    name: "docker2vm, base known",
    note: "the image and a layer of 20 MB more, which alone is new, and kept",
    needs: [],
    startsFrom: "more",
    image: "rootfs.ext4",
    prepare: `${KEEP_LAYERS}
cp -al "$LAYOUT.layers" "$OUT/cache" 2>/dev/null || cp -a "$LAYOUT.layers" "$OUT/cache"`,
    script: `exec ${WITH_LAYERS} --out "$OUT" --cache-dir "$OUT/cache" "oci:$MORE"`,
  },
  {
    name: "docker2vm, keeping layers",
    note: "the first conversion, which keeps them in a cache that is empty",
    needs: [],
    startsFrom: "layout",
    image: "rootfs.ext4",
    script: `exec ${WITH_LAYERS} --out "$OUT" --cache-dir "$OUT/cache" "oci:$LAYOUT"`,
  },
  {
    name: "docker2vm --fs erofs",
    note: "the same layers as EROFS, the ends of files behind their inodes",
    needs: [],
    startsFrom: "layout",
    image: "rootfs.erofs",
    script: `${CONVERT} --fs erofs "oci:$LAYOUT"`,
  },
  {
    name: "docker2vm --fs erofs --compress lz4",
    note: "the same compressed by LZ4 in clusters of 64 KiB, on all cores",
    needs: [],
    startsFrom: "layout",
    image: "rootfs.erofs",
    script: `${CONVERT} --fs erofs --compress lz4 --cluster-size 64K "oci:$LAYOUT"`,
  },
  {
    name: "docker2vm --fs xfs",
    note: "the same layers as XFS",
    needs: [],
    startsFrom: "layout",
    image: "rootfs.xfs",
    script: `${CONVERT} --fs xfs "oci:$LAYOUT"`,
  },
  {
    name: "floor: read, inflate, hash",
    note: "no conversion: reads the layers, inflates them and hashes both sides on all cores, keeps nothing",
    needs: [],
    startsFrom: "layout",
    script: `exec "$BUN" "$ROOT/bench/floor.ts" "$LAYOUT"`,
  },
  {
    name: "floor by own inflating",
    note: "the same with this program's way to inflate, without the runtime's streams",
    needs: [],
    startsFrom: "layout",
    script: `exec "$BUN" "$ROOT/bench/floor.ts" "$LAYOUT" own`,
  },
  {
    name: "floor: write as much",
    note: "no conversion: zeros past the page cache, 4 MiB at a time, as much as the finished image takes",
    needs: ["dd", "du"],
    startsFrom: "layout",
    prepare: KEEP_RESULT,
    script: `kib=$(du -sk "$LAYOUT.kept" | cut -f1)
exec dd if=/dev/zero of="$OUT/zeros" bs=4M count=$((kib / 4096 + 1)) oflag=direct conv=fsync status=none`,
  },
  {
    name: "umoci unpack + mke2fs -d",
    note: "from layers: verifies, applies whiteouts; by way of a folder; directories without index; needs root for owners",
    needs: ["umoci", "mke2fs"],
    startsFrom: "layout",
    image: "rootfs.ext4",
    script: `set -e
rootfs=$OUT/bundle/rootfs
[ "$(id -u)" = 0 ] || rootless=--rootless
umoci unpack $rootless --image "$LAYOUT:latest" "$OUT/bundle" >/dev/null
${MKE2FS_FOLDER}`,
  },
  {
    name: "gzip + tar -x + mke2fs -d",
    note: "from one flattened tar.gz: no layers, no digests, no attributes; by way of a folder; needs root for owners",
    needs: ["gzip", "tar", "mke2fs"],
    startsFrom: "flat",
    image: "rootfs.ext4",
    script: `set -e
rootfs=$OUT/rootfs
mkdir "$rootfs"
gzip -dc "$FLAT/rootfs.tar.gz" | tar -x -C "$rootfs"
${MKE2FS_FOLDER}`,
  },
  {
    name: "pigz + tar2ext4",
    note: "from one flattened tar.gz: no layers, no digests, no sync; ext4 without journal, checksums, index or free space",
    needs: ["pigz", "tar2ext4"],
    startsFrom: "flat",
    image: "rootfs.ext4",
    script: `pigz -dc "$FLAT/rootfs.tar.gz" | tar2ext4 -o "$OUT/rootfs.ext4"`,
  },
  {
    name: "pigz + genext2fs -a",
    note: "from one flattened tar.gz: no layers, no digests, no sync; ext2, no attributes, no index",
    needs: ["pigz", "genext2fs"],
    startsFrom: "flat",
    image: "rootfs.ext2",
    script: `blocks=$((FLAT_KIB / 4 * 5 / 4 + 16384))
pigz -dc "$FLAT/rootfs.tar.gz" | genext2fs -B 4096 -b $blocks -N $((FLAT_INODES + 1024)) -a - "$OUT/rootfs.ext2"`,
  },
  {
    name: "mkfs.erofs",
    note: "from an unpacked folder: no inflating, no layers, no digests, no sync; EROFS without compression, for reading only",
    needs: ["mkfs.erofs"],
    startsFrom: "flat",
    image: "rootfs.erofs",
    script: `exec mkfs.erofs "$OUT/rootfs.erofs" "$FLAT/rootfs" >/dev/null`,
  },
  {
    name: "mkfs.erofs -zlz4 -C65536",
    note: "the same compressed in clusters of up to 64 KiB, on one core",
    needs: ["mkfs.erofs"],
    startsFrom: "flat",
    image: "rootfs.erofs",
    script: `exec mkfs.erofs -zlz4 -C65536 "$OUT/rootfs.erofs" "$FLAT/rootfs" >/dev/null`,
  },
  {
    name: "mkfs.xfs -p",
    note: "from an unpacked folder and a list of it: no inflating, no layers, no digests, no attributes, no hard links",
    needs: ["mkfs.xfs"],
    startsFrom: "flat",
    image: "rootfs.xfs",
    script: `exec mkfs.xfs -q -p "$FLAT/rootfs.proto" \
  -d file,name="$OUT/rootfs.xfs",size=$((FLAT_KIB + FLAT_KIB / 4 + 524288))k >/dev/null`,
  },
  ...readers(COMMAND, RUN),
];

/** The programs a contender needs that are not on the PATH. */
export function missingPrograms({ needs }: Contender): readonly string[] {
  return needs.filter((program) => Bun.which(program) === null);
}
