/** Layers in a compression that images do not have, and what the hint says to do. */
import { describe, expect } from "bun:test";
import { join } from "node:path";
import { expectError } from "../support/expect-error.ts";
import { run, runOk, testWith } from "../support/oracles.ts";
import { docker, inFolder, LAYERS, manifestJson, readImage, savedImage, writeTar } from "./support.ts";

const compressed = (program: string, bytes: Uint8Array): Buffer =>
  Buffer.from(run(program, ["-c"], { input: Buffer.from(bytes), encoding: "latin1" }).stdout, "latin1");

describe("a docker-archive with a layer", () => {
  for (const program of ["xz", "bzip2"] as const) {
    testWith([program, "skopeo"], `in ${program} is refused, and converted once the hint was followed`, () =>
      inFolder(async (folder) => {
        const { image, entries } = savedImage("app:1");
        const [base] = image.Layers;
        const stored = entries.map((entry): typeof entry =>
          entry[0] === base ? [base, compressed(program, LAYERS[0])] : entry,
        );
        const path = await writeTar(folder, [...stored, manifestJson(image)]);
        const failing = readImage(docker(path), folder);
        await expectError(failing, "E_UNSUPPORTED", "layer 1", `compressed with ${program}`);
        const hint: string = await failing.catch((error) => error.hint);
        const layout = join(folder, "layout");
        const command = hint
          .slice(hint.indexOf("skopeo"))
          .replace("IMAGE", `docker-archive:${path}`)
          .replace("FOLDER:TAG", `${layout}:1`);
        const [, ...args] = command.split(" ");
        runOk("skopeo", ["--insecure-policy", ...args]);
        const { image: again } = await readImage({ kind: "oci-layout", path: layout }, folder);
        expect(again.layers.map(({ mediaType }) => mediaType)).toEqual(
          LAYERS.map(() => "application/vnd.oci.image.layer.v1.tar+gzip"),
        );
      }),
    );
  }
});
