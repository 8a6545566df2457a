/** Extracts an image as whoever runs this, and prints the report. */
import { ImageFile } from "../../../../src/filesystem/reading/image.ts";
import { extract, openFilesystem } from "./unpaused.ts";

const [image = "", destination = ""] = process.argv.slice(2);
console.log(JSON.stringify(extract(openFilesystem(new ImageFile(image)), "/", destination)));
