import { linkSync, mkdirSync, renameSync, rmSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Directory, Inode } from "../../../../src/tree/inode.ts";
import { directory, directoryOf, emptyFile, type Image } from "./images.ts";

/** A tree for `churn`. */
export function churnable(image: Pick<Image, "file">): Directory {
  const many = new Map<string, Inode>();
  for (let i = 0; i < 3000; i++) many.set(`some-entry-with-a-name-${i}`, emptyFile());
  return directory({ many: directoryOf(many), sub: directory({ file: image.file("x".repeat(9000)) }) });
}

/** Thousands of changes; afterwards there are 4,000 names in "many" and 1,500 in "new". */
export function churn(mountPoint: string): void {
  const many = join(mountPoint, "many");
  for (let i = 0; i < 1000; i++) unlinkSync(join(many, `some-entry-with-a-name-${i * 3}`));
  for (let i = 0; i < 2000; i++)
    writeFileSync(join(many, `a-file-that-is-new-${i}`), `contents ${i}`.repeat(50));
  mkdirSync(join(mountPoint, "new"));
  for (let i = 0; i < 1000; i++)
    renameSync(join(many, `a-file-that-is-new-${i}`), join(mountPoint, "new", `${i}`));
  for (let i = 0; i < 1000; i++) linkSync(join(mountPoint, "new", `${i}`), join(many, `back-${i}`));
  for (let i = 0; i < 500; i++) mkdirSync(join(mountPoint, "new", `dir${i}`));
  rmSync(join(mountPoint, "sub"), { recursive: true });
}
