/** Run by itself, so that its memory can be measured: an EROFS of so many small files at a path. Prints its peak RSS. */
import { ErofsImage } from "../filesystem/erofs/write/images.ts";
import { FILE_BYTES, manyFiles, printPeak } from "./many-files.ts";

const [path = "", count = ""] = process.argv.slice(2);
const image = new ErofsImage({ path });
const bytes = new Uint8Array(FILE_BYTES);
const root = manyFiles(Number(count), (own) => image.store(bytes.length, [{ offset: 0, bytes }], own));
image.finish(root);
image.close();
printPeak();
