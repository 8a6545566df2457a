import { EXIT } from "../errors.ts";
import type { CommandLine } from "./arguments.ts";
import type { Host } from "./host.ts";
import { PULL_OPTIONS, PUSH_OPTIONS, SIGN_OPTIONS, VERIFY_SIGNATURE_OPTIONS } from "./options/artifact.ts";
import { BATCH_OPTIONS } from "./options/batch.ts";
import { DOCKERFILE_OPTIONS } from "./options/build.ts";
import { BUNDLE_OPTIONS } from "./options/bundle.ts";
import { CONVERT_OPTIONS } from "./options/convert.ts";
import { DOCKERFILE2GONDOLIN_OPTIONS, OCI2GONDOLIN_OPTIONS } from "./options/gondolin.ts";
import { BOOT_OPTIONS, KERNEL_OPTIONS } from "./options/machine.ts";
import { COMMON_OPTIONS, type OptionSpec } from "./options/option.ts";
import { CAT_OPTIONS, LS_OPTIONS, READ_OPTIONS, VERIFY_OPTIONS } from "./options/reading.ts";
import { RESIZE_OPTIONS } from "./options/resize.ts";
import { CACHE_OPTIONS, DIFF_OPTIONS, INSPECT_IMAGE_OPTIONS } from "./options/upkeep.ts";
import { VIRTIO_ELSEWHERE, VIRTIO_OPTIONS } from "./options/virtio.ts";

/** Carries a command out; throws what `run` tells the user. What it returns is the exit code, 0 if nothing. */
export type RunCommand = (line: CommandLine, host: Host) => Promise<void> | Promise<number>;

/** A command: what the help says of it, the options it takes, and its code, loaded when it is wanted. */
export interface Command {
  readonly summary: string;
  readonly usage: string;
  readonly options: Readonly<Record<string, OptionSpec>>;
  /** Not in the list of commands: it has a program of its own. */
  readonly hidden?: boolean;
  /** Its arguments are read as Go's package flag reads them. */
  readonly goFlags?: boolean;
  /** Options that another program of its name has, and what serves instead. */
  readonly elsewhere?: Readonly<Record<string, string>>;
  /** The exit code of every failure; absent: by its code. */
  readonly failsWith?: number;
  /** What is so where a signal has stopped it; absent: nothing that would have to be said. */
  readonly whenStopped?: (line: CommandLine) => string;
  load(): Promise<RunCommand>;
}

const noImage = (): string => "no image was written";

export const COMMANDS: Readonly<Record<string, Command>> = {
  convert: {
    summary: "Convert an image to rootfs.ext4 and meta.json",
    usage:
      "docker2vm convert SOURCE --out DIR [options]\n\nSOURCE is an image's name (alpine:3.20), " +
      "oci:PATH[:TAG], oci-archive:PATH,\ndocker-archive:PATH, - for an archive on standard input, or one of the options below; an image\nthat an engine here has: docker-daemon:NAME, containers-storage:NAME, containerd:NAME; or a root\nfilesystem without an image: rootfs-tar:FILE, dir:PATH, image:FILE.",
    options: CONVERT_OPTIONS,
    whenStopped: noImage,
    load: async () => (await import("./convert-command.ts")).runConvert,
  },
  batch: {
    summary: "Convert many images, several at once; what an earlier batch has made is passed over",
    usage:
      "docker2vm batch FILE --out DIR [options]\n\nFILE has a line for each image, SOURCE [OUT], as convert takes them; or " +
      "it is JSON:\na list of objects with source, out and options of convert, without dashes.\n" +
      "The exit code is that of the first item that failed.",
    options: BATCH_OPTIONS,
    whenStopped: () => "what was finished is in its place, and the same command goes on from there",
    load: async () => (await import("./batch/batch.ts")).runBatch,
  },
  dockerfile: {
    summary: "Build an image from a Dockerfile and convert it",
    usage:
      "docker2vm dockerfile --out DIR [options]\n\n" +
      "Builds with Docker's buildx, BuildKit's buildctl or buildah, whichever works.",
    options: DOCKERFILE_OPTIONS,
    whenStopped: noImage,
    load: async () => (await import("./dockerfile-command.ts")).runDockerfile,
  },
  bundle: {
    summary: "Make a bundle for runc, crun and their like, or check one: bundle create, bundle validate",
    usage:
      "docker2vm bundle create SOURCE --out DIR [options]\n" +
      "docker2vm bundle validate DIR [--json]\n\nSOURCE is as convert takes it; none with --rootfs.",
    options: BUNDLE_OPTIONS,
    whenStopped: ({ words: [, action] }) =>
      action === "create" ? "no bundle was written" : "the check did not come to its end",
    load: async () => (await import("./bundle/bundle.ts")).runBundle,
  },
  oci2gondolin: {
    summary: "Convert an image for Gondolin",
    usage: "oci2gondolin (--image NAME | --oci-layout PATH | --oci-tar PATH) --out DIR [options]",
    options: OCI2GONDOLIN_OPTIONS,
    whenStopped: noImage,
    hidden: true,
    load: async () => (await import("./gondolin-commands.ts")).runOci2gondolin,
  },
  dockerfile2gondolin: {
    summary: "Build an image from a Dockerfile and convert it for Gondolin",
    usage: "dockerfile2gondolin --file PATH --context PATH --out DIR [options]",
    options: DOCKERFILE2GONDOLIN_OPTIONS,
    whenStopped: noImage,
    hidden: true,
    load: async () => (await import("./gondolin-commands.ts")).runDockerfile2gondolin,
  },
  "oci-to-virtio": {
    summary: "Convert an image to one file, for a virtio block device",
    usage:
      "oci-to-virtio -image REF -output FILE [options]\n\n" +
      "Options take one dash or two; true and false come with =, as in -readonly=true.",
    options: VIRTIO_OPTIONS,
    whenStopped: noImage,
    hidden: true,
    goFlags: true,
    elsewhere: VIRTIO_ELSEWHERE,
    load: async () => (await import("./virtio-command.ts")).runOciToVirtio,
  },
  push: {
    summary: "Put what was converted into a registry",
    usage:
      "docker2vm push DIR|FILE REF [options]\n\n" +
      "DIR is what convert --out has made, FILE an image alone; REF is the name and tag that it gets.",
    options: PUSH_OPTIONS,
    whenStopped: () => "what was sent so far has no name in the registry; the next push goes on from there",
    load: async () => (await import("./push-command.ts")).runPush,
  },
  pull: {
    summary: "Bring what was pushed back: the same files, every byte checked",
    usage: "docker2vm pull REF --out DIR [options]",
    options: PULL_OPTIONS,
    whenStopped: () => "no file was written",
    load: async () => (await import("./pull-command.ts")).runPull,
  },
  sign: {
    summary: "Sign an image in a registry, as cosign does with a key",
    usage: "docker2vm sign REF --key FILE [options]\n\nREF is an image or an index, by tag or digest.",
    options: SIGN_OPTIONS,
    whenStopped: () => "not all signatures are there; signing once more adds those that are missing",
    load: async () => (await import("./sign-command.ts")).runSign,
  },
  "verify-signature": {
    summary: "Tell which signatures an image in a registry bears, and whether a key's is among them",
    usage: "docker2vm verify-signature REF --key FILE [options]",
    options: VERIFY_SIGNATURE_OPTIONS,
    load: async () => (await import("./sign-command.ts")).runVerifySignature,
  },
  "inspect-image": {
    summary: "Tell what a container image is, without its layers",
    usage: "docker2vm inspect-image SOURCE [options]\n\nSOURCE is as convert takes it.",
    options: INSPECT_IMAGE_OPTIONS,
    load: async () => (await import("./inspect-image-command.ts")).runInspectImage,
  },
  diff: {
    summary: "Tell what differs between the files of two images",
    usage:
      "docker2vm diff A B [options]\n\nA and B are as convert takes its source; the path of a file is that of a filesystem's " +
      "image.\nThe exit code is 1 if anything differs.",
    options: DIFF_OPTIONS,
    load: async () => (await import("./diff-command.ts")).runDiff,
  },
  cache: {
    summary: "List, prune or verify what was pulled and what was made: cache ls, cache prune, cache verify",
    usage: "docker2vm cache ls|prune|verify [options]\n\nprune without options removes everything.",
    options: CACHE_OPTIONS,
    whenStopped: () => "not all of the cache was gone through",
    load: async () => (await import("./cache-command.ts")).runCache,
  },
  kernel: {
    summary: "Tell what a kernel can boot, and make the initramfs that it needs",
    usage:
      "docker2vm kernel PATH [options]\n\nPATH is a kernel, a Debian or Alpine package with one, or a folder with " +
      "boot and lib/modules.",
    options: KERNEL_OPTIONS,
    load: async () => (await import("./kernel-command.ts")).runKernel,
  },
  boot: {
    summary: "Boot an image that was converted in QEMU; the exit code is its workload's",
    usage:
      "docker2vm boot DIR|FILE --kernel PATH [options] [--] [ARGUMENT...]\n\nDIR is the folder of a conversion, FILE an " +
      "image alone. Words behind it take the place\nof the image's command, as with docker run; behind -- also such as " +
      "begin with a dash.",
    options: BOOT_OPTIONS,
    failsWith: EXIT.machine,
    whenStopped: () => "the machine did not tell how its workload ended",
    load: async () => (await import("./boot-command.ts")).runBoot,
  },
  inspect: {
    summary: "Tell what an ext2, ext3, ext4, EROFS or XFS image says of itself",
    usage: "docker2vm inspect IMAGE [options]",
    options: READ_OPTIONS,
    load: async () => (await import("./filesystem/inspect.ts")).runInspect,
  },
  ls: {
    summary: "List files in an image",
    usage: "docker2vm ls IMAGE [PATH] [options]",
    options: LS_OPTIONS,
    whenStopped: () => "the list is not complete",
    load: async () => (await import("./filesystem/ls.ts")).runLs,
  },
  cat: {
    summary: "Write a file of an image to standard output",
    usage: "docker2vm cat IMAGE PATH [options]",
    options: CAT_OPTIONS,
    whenStopped: () => "the file was not written to its end",
    load: async () => (await import("./filesystem/cat.ts")).runCat,
  },
  extract: {
    summary: "Copy files out of an image, into a new folder or a tar",
    usage:
      "docker2vm extract IMAGE PATH DEST [options]\n\n" +
      "DEST is a folder that is empty or not there, or - for a tar on standard output.",
    options: READ_OPTIONS,
    whenStopped: ({ words: [, , , destination] }) =>
      destination === "-" ? "the tar is not complete" : `what was copied so far is in ${destination}`,
    load: async () => (await import("./filesystem/extract.ts")).runExtract,
  },
  resize: {
    summary: "Make an ext4, ext3 or ext2 image larger in its place",
    usage:
      "docker2vm resize FILE --size SIZE [options]\n\nContents are not copied. FILE must not be mounted or in a machine; " +
      "killed at any moment, the\nsame command again brings it to its end.",
    options: RESIZE_OPTIONS,
    whenStopped: () => "the filesystem is as it was, or the same command brings it to its end",
    load: async () => (await import("./filesystem/resize.ts")).runResize,
  },
  verify: {
    summary: "Check an image as e2fsck -fn does; XFS is not checked",
    usage: "docker2vm verify IMAGE [options]",
    options: VERIFY_OPTIONS,
    whenStopped: () => "the check did not come to its end",
    load: async () => (await import("./filesystem/verify.ts")).runVerify,
  },
};

/** The command called `name`, if there is one. */
export function commandNamed(name: string | undefined): Command | undefined {
  return name !== undefined && Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
}

/** Every option of every command. An option that several commands have is of one type in all of them. */
export const ALL_OPTIONS: Readonly<Record<string, OptionSpec>> = Object.assign(
  {},
  ...Object.values(COMMANDS).map((command) => command.options),
  COMMON_OPTIONS,
);
