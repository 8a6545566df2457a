import { describe, expect, test } from "bun:test";
import { dockerLayerMediaType, layerCompression } from "../../src/oci/media-types.ts";
import { expectError } from "../support/expect-error.ts";

describe("a layer's media type", () => {
  for (const [mediaType, compression] of [
    ["application/vnd.oci.image.layer.v1.tar", "none"],
    ["application/vnd.oci.image.layer.v1.tar+gzip", "gzip"],
    ["application/vnd.oci.image.layer.v1.tar+zstd", "zstd"],
    ["application/vnd.oci.image.layer.nondistributable.v1.tar", "none"],
    ["application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", "gzip"],
    ["application/vnd.docker.image.rootfs.diff.tar", "none"],
    ["application/vnd.docker.image.rootfs.diff.tar.gzip", "gzip"],
    ["application/vnd.docker.image.rootfs.diff.tar.zstd", "zstd"],
    ["application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", "gzip"],
  ] as const) {
    test(`${mediaType} is ${compression}`, () => {
      expect(layerCompression(mediaType, "layer 0")).toBe(compression);
    });
  }

  test("that is encrypted is refused by name", async () => {
    const mediaType = "application/vnd.oci.image.layer.v1.tar+gzip+encrypted";
    await expectError(
      () => layerCompression(mediaType, "layer 3"),
      "E_UNSUPPORTED",
      "layer 3",
      "encrypted",
      mediaType,
    );
  });

  test("that is no layer's is refused by name", async () => {
    for (const mediaType of ["application/vnd.oci.image.layer.v2.tar+xz", "text/html", ""]) {
      await expectError(
        () => layerCompression(mediaType, "layer 3"),
        "E_UNSUPPORTED",
        "layer 3",
        `"${mediaType}"`,
      );
    }
  });

  for (const [mediaType, compression] of [
    ["application/vnd.oci.image.layer.v1.tar+xz", "xz"],
    ["application/vnd.oci.image.layer.nondistributable.v1.tar+bzip2", "bzip2"],
    ["application/vnd.docker.image.rootfs.diff.tar.xz", "xz"],
    ["application/vnd.docker.image.rootfs.foreign.diff.tar.bz2", "bz2"],
    ["application/vnd.oci.image.layer.v1.tar+lz4", "lz4"],
  ] as const) {
    test(`${mediaType} is refused with what it is compressed with, and what to do`, () =>
      expectError(
        () => layerCompression(mediaType, "layer 3"),
        "E_UNSUPPORTED",
        "layer 3",
        `compressed with ${compression}`,
        `"${mediaType}"`,
        "gzip or zstd",
      ));
  }

  test("of docker goes there and back", () => {
    for (const compression of ["none", "gzip", "zstd"] as const) {
      expect(layerCompression(dockerLayerMediaType(compression), "")).toBe(compression);
    }
  });
});
