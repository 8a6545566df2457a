/** What an image is made of, and how files without an image are read. */
import type { OptionSpec } from "./option.ts";

export const SOURCE = "Source (exactly one):";

export const SOURCE_OPTIONS = {
  image: { type: "string", takes: "image", group: SOURCE, describe: "Name of an image in a registry" },
  "oci-layout": {
    type: "string",
    takes: "folder",
    group: SOURCE,
    describe: "OCI layout folder: PATH, PATH:TAG or PATH@sha256:…",
  },
  "oci-tar": { type: "string", takes: "file", group: SOURCE, describe: "Tar file of an OCI layout" },
  "docker-archive": {
    type: "string",
    takes: "file",
    group: SOURCE,
    describe: "Tar file as `docker save` writes it",
  },
  namespace: {
    type: "string",
    group: SOURCE,
    describe: "With containerd:, the namespace of the image",
    defaultDescription: "$CONTAINERD_NAMESPACE, else default",
  },
  owner: { type: "string", group: SOURCE, describe: "With dir:, UID:GID whose all files are to be" },
  "map-uid": {
    type: "string",
    group: SOURCE,
    describe: "With dir:, FROM:TO[:COUNT], users that are others in the image",
    repeats: true,
  },
  "map-gid": { type: "string", group: SOURCE, describe: "The same of groups", repeats: true },
  "no-xattrs": { type: "boolean", group: SOURCE, describe: "With dir:, leave extended attributes out" },
} as const satisfies Record<string, OptionSpec>;
