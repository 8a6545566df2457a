/** An image's file that nothing describes: what it is, it says itself. */
import { Docker2vmError } from "../errors.ts";
import type { AnyFacts } from "../filesystem/open.ts";
import { ImageFile } from "../filesystem/reading/image.ts";
import { EHDR, EHDR_SIZE, EM_AARCH64, EM_X86_64 } from "../kernel/format/elf-sections.ts";
import type { Architecture } from "../launch/facts.ts";
import type { FilesystemImage } from "../reader/filesystem-image.ts";
import { openImage } from "../reader/open-image.ts";
import { isHashTree, SUPERBLOCK_BYTES } from "../verity/superblock.ts";
import { type FoundImage, INIT } from "./found-image.ts";

/** For whoever reads the image; ovms-init's own file takes a reader. */
const BOOTSTRAP = "/etc/ovms/bootstrap.json";
/** Bytes; a conversion's own has some thousand. Anybody's image may have one without an end. */
const LONGEST_BOOTSTRAP = 4 << 20;
const MACHINES: ReadonlyMap<number, Architecture> = new Map([
  [EM_X86_64, "amd64"],
  [EM_AARCH64, "arm64"],
]);

/** Throws as `openImage`, and E_UNSUPPORTED for one with a hash tree, which is nothing without its root's hash. */
export async function readBareImage(path: string, signal: AbortSignal): Promise<FoundImage> {
  // What the journal holds is for the kernel to replay.
  const image = await openImage(path, { ignoreJournal: true, signal });
  try {
    const facts = image.inspect();
    refuseHashTree(path, facts);
    const program = await beginning(image, INIT, EHDR_SIZE, signal);
    return {
      path,
      architecture: program && architectureOf(program),
      root: { fileName: path, type: facts.type, readOnly: false },
      compressed: facts.type === "erofs" && facts.compression.length > 0,
      init: program && INIT,
      hasAddress:
        program !== undefined && saysAddress(await beginning(image, BOOTSTRAP, LONGEST_BOOTSTRAP, signal)),
      writableDisk: undefined,
    };
  } finally {
    image.close();
  }
}

/** What makes the filesystem of a disk beside the image; undefined for one that is not known here. */
export async function filesystemOn(path: string, signal: AbortSignal): Promise<AnyFacts["type"] | undefined> {
  try {
    const image = await openImage(path, { ignoreJournal: true, signal });
    try {
      return image.inspect().type;
    } finally {
      image.close();
    }
  } catch (error) {
    // A machine's kernel may know it, as btrfs.
    if (error instanceof Docker2vmError && error.code === "E_INVALID_FILESYSTEM") return undefined;
    throw error;
  }
}

function refuseHashTree(path: string, { size }: AnyFacts): void {
  const file = new ImageFile(path);
  try {
    if (!isHashTree(file.read(size, SUPERBLOCK_BYTES))) return;
  } finally {
    file.close();
  }
  throw new Docker2vmError("E_UNSUPPORTED", `${path}: it has a hash tree, and nothing says its root's hash`, {
    hint: "name the folder that it was converted into, or convert with --output FILE --meta",
  });
}

/** As many bytes of a file, or a chunk more; undefined where there is no such file. */
async function beginning(
  image: FilesystemImage,
  path: string,
  bytes: number,
  signal: AbortSignal,
): Promise<Buffer | undefined> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of image.read(path, { signal })) {
      chunks.push(Uint8Array.from(chunk));
      length += chunk.length;
      if (length >= bytes) break;
    }
  } catch (error) {
    if (error instanceof Docker2vmError && error.code === "E_PATH_NOT_FOUND") return undefined;
    throw error;
  }
  return Buffer.concat(chunks);
}

function architectureOf(program: Buffer): Architecture | undefined {
  if (program.length < EHDR_SIZE) return undefined;
  const view = new DataView(program.buffer, program.byteOffset, program.length);
  return MACHINES.get(EHDR.e_machine.get(view, 0));
}

function saysAddress(document: Buffer | undefined): boolean {
  try {
    return JSON.parse(document?.toString() ?? "").docker2vm.ip !== undefined;
  } catch {
    return false;
  }
}
