/** An image's files in a folder, as its layers have them. */
import { type Making, makeImage } from "../convert/make-image.ts";
import type { ImageMetadata } from "../convert/meta.ts";
import type { Environment } from "../convert/options.ts";
import { readerOf } from "../filesystem/open.ts";
import { type Extraction, extract } from "../filesystem/reading/extract.ts";
import type { ReadableFilesystem } from "../filesystem/reading/filesystem.ts";
import { ImageFile as ReadImage } from "../filesystem/reading/image.ts";
import { ImageFile } from "../output/image-file.ts";
import { inTurns } from "../waiting/steps.ts";
import { addWhatIsMissing } from "./add-missing.ts";

/** An image that nobody keeps: it need not be on the disk, and is soon read again. */
class PassingImage extends ImageFile {
  override async sync(): Promise<void> {}
}

export interface Unpacking {
  readonly making: Omit<Making, "store" | "profile" | "beside">;
  /** Where the filesystem on the way may lie. */
  readonly scratch: string;
  /** The folder that gets the files; made here. */
  readonly folder: string;
  /** Whether owners, devices and all attributes can be given to them. */
  readonly asRoot: boolean;
  /** Where other programs are found. */
  readonly environment: Environment;
}

/**
 * Converts the image and extracts everything, so that all that is known of layers and of keeping inside a folder serves
 * here, too. Hands the filesystem over for further questions before it goes, and what `meta.json` would say of it.
 */
export async function unpack<Result>(
  { making, scratch, folder, asRoot, environment }: Unpacking,
  use: (filesystem: ReadableFilesystem, extraction: Extraction, metadata: ImageMetadata) => Promise<Result>,
): Promise<Result> {
  const { signal } = making.request;
  const { metadata } = await makeImage({
    ...making,
    profile: undefined,
    beside: undefined,
    store: new PassingImage(scratch),
  });
  const file = new ReadImage(scratch);
  try {
    const reader = await readerOf(file);
    const { filesystem } = await inTurns(reader.open(file), signal);
    const extraction = await inTurns(extract(filesystem, "/", folder), signal);
    const whole = asRoot
      ? await addWhatIsMissing(filesystem, folder, extraction, { signal, environment })
      : extraction;
    return await use(filesystem, whole, metadata);
  } finally {
    file.close();
  }
}
