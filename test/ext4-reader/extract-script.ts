/** Extracts an image as whoever runs this, and prints the report. */
import { extract } from "../../src/ext4-reader/extract.ts";
import { openFilesystem } from "../../src/ext4-reader/filesystem.ts";
import { ImageFile } from "../../src/ext4-reader/image.ts";

const [image = "", destination = ""] = process.argv.slice(2);
console.log(JSON.stringify(extract(openFilesystem(new ImageFile(image)), "/", destination)));
