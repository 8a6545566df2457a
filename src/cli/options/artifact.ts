/** Of the commands that move what was converted to a registry and back, and sign it there. */
import { CONVERT_OPTIONS, JSON_RESULT } from "./convert.ts";
import type { OptionSpec } from "./option.ts";
import { LS_OPTIONS } from "./reading.ts";
import { REGISTRY, REGISTRY_OPTIONS } from "./registry.ts";

const SIGNING = "Signing:";
const DOCUMENTS = "Documents:";

const ACCESS = {
  username: REGISTRY_OPTIONS.username,
  "password-stdin": REGISTRY_OPTIONS["password-stdin"],
  "insecure-registry": REGISTRY_OPTIONS["insecure-registry"],
  ca: REGISTRY_OPTIONS.ca,
  "trust-auth-realm": REGISTRY_OPTIONS["trust-auth-realm"],
} as const;

const TALK = {
  json: JSON_RESULT,
  progress: CONVERT_OPTIONS.progress,
  quiet: CONVERT_OPTIONS.quiet,
  verbose: CONVERT_OPTIONS.verbose,
} as const;

const KEY_USE = {
  "key-password-file": {
    type: "string",
    takes: "file",
    group: SIGNING,
    describe: "File with the password of the key, if it has one",
    defaultDescription: "$COSIGN_PASSWORD",
  },
  "key-password-stdin": {
    type: "boolean",
    group: SIGNING,
    describe: "Read that password from standard input",
  },
  "signature-format": {
    type: "string",
    group: SIGNING,
    describe: "As cosign 3 signs, as cosign 2 does and podman looks for, or both",
    values: ["both", "bundle", "simple"],
    defaultDescription: "both",
  },
} as const satisfies Record<string, OptionSpec>;

export const PUSH_OPTIONS = {
  ...ACCESS,
  "mount-from": {
    type: "string",
    group: REGISTRY,
    describe: "REPOSITORY of the same registry that may have the pieces already",
    repeats: true,
  },
  concurrency: {
    type: "string",
    takes: "number",
    group: REGISTRY,
    describe: "Pieces compressed and sent at once, at most",
    defaultDescription: "2",
  },
  attach: {
    type: "string",
    takes: "file",
    group: DOCUMENTS,
    describe: "FILE=MEDIATYPE, a document that is hung at the image",
    repeats: true,
  },
  provenance: {
    type: "boolean",
    group: DOCUMENTS,
    describe: "Hang a statement there of what it was made of, and how (SLSA)",
  },
  "sign-key": {
    type: "string",
    takes: "file",
    group: SIGNING,
    describe: "PEM file: sign the image, and what is hung at it, with this private key",
  },
  ...KEY_USE,
  ...TALK,
} as const satisfies Record<string, OptionSpec>;

export const PULL_OPTIONS = {
  out: { ...CONVERT_OPTIONS.out, describe: "Folder for the files" },
  force: CONVERT_OPTIONS.force,
  attachments: {
    type: "string",
    takes: "folder",
    group: DOCUMENTS,
    describe: "Folder for the documents that hang at the image",
    defaultDescription: "they stay there",
  },
  ...ACCESS,
  mirror: REGISTRY_OPTIONS.mirror,
  concurrency: { ...REGISTRY_OPTIONS.concurrency, describe: "Pieces fetched at once, at most" },
  "verify-key": {
    ...REGISTRY_OPTIONS["verify-key"],
    describe: "PEM file: demand a cosign signature by this key, of each document too",
  },
  ...TALK,
} as const satisfies Record<string, OptionSpec>;

export const SIGN_OPTIONS = {
  key: { type: "string", takes: "file", group: SIGNING, describe: "PEM file of the key (required)" },
  ...KEY_USE,
  recursive: {
    ...LS_OPTIONS.recursive,
    group: SIGNING,
    describe: "Also each image that an index lists",
  },
  ...ACCESS,
  json: JSON_RESULT,
  verbose: CONVERT_OPTIONS.verbose,
} as const satisfies Record<string, OptionSpec>;

export const VERIFY_SIGNATURE_OPTIONS = {
  key: SIGN_OPTIONS.key,
  ...ACCESS,
  json: JSON_RESULT,
  verbose: CONVERT_OPTIONS.verbose,
} as const satisfies Record<string, OptionSpec>;
