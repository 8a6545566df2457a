import { EXIT } from "../errors.ts";
import type { Command, Commands } from "./command.ts";
import { PULL_OPTIONS, PUSH_OPTIONS, SIGN_OPTIONS, VERIFY_SIGNATURE_OPTIONS } from "./options/artifact.ts";
import { BATCH_OPTIONS } from "./options/batch.ts";
import { DOCKERFILE_OPTIONS } from "./options/build.ts";
import { BUNDLE_ACTIONS, BUNDLE_OPTIONS } from "./options/bundle.ts";
import { COMPLETION_ACTIONS } from "./options/completion.ts";
import { CONVERT_OPTIONS } from "./options/convert.ts";
import { DOCKERFILE2GONDOLIN_OPTIONS, OCI2GONDOLIN_OPTIONS } from "./options/gondolin.ts";
import { BOOT_OPTIONS, KERNEL_OPTIONS } from "./options/machine.ts";
import { COMMON_OPTIONS, type Options } from "./options/option.ts";
import { CAT_OPTIONS, LS_OPTIONS, READ_OPTIONS, VERIFY_OPTIONS } from "./options/reading.ts";
import { RESIZE_OPTIONS } from "./options/resize.ts";
import { CACHE_ACTIONS, CACHE_OPTIONS, DIFF_OPTIONS, INSPECT_IMAGE_OPTIONS } from "./options/upkeep.ts";
import { VIRTIO_ELSEWHERE, VIRTIO_OPTIONS } from "./options/virtio.ts";

const noImage = (): string => "no image was written";

/** In the order in which the help lists them. */
export const COMMANDS: Commands = {
  convert: {
    summary: "Convert an image to rootfs.ext4 and meta.json",
    usage:
      "docker2vm convert SOURCE --out DIR [options]\n\nSOURCE is an image's name (alpine:3.20), " +
      "oci:PATH[:TAG], oci-archive:PATH,\ndocker-archive:PATH, - for an archive on standard input, or one of the options below; an image\nthat an engine here has: docker-daemon:NAME, containers-storage:NAME, containerd:NAME; or a root\nfilesystem without an image: rootfs-tar:FILE, dir:PATH, image:FILE. A path that begins with . or /\nis taken for what is in it: ./saved.tar, ./rootfs.",
    options: CONVERT_OPTIONS,
    operands: ["source"],
    examples: [
      { does: "An image of a registry, as ext4", line: "docker2vm convert alpine:3.20 --out vm" },
      {
        does: "What docker save wrote, as a compressed EROFS",
        line: "docker2vm convert ./saved.tar --fs erofs --compress lz4 --out vm",
      },
      {
        does: "An image that any machine boots, with files for Firecracker",
        line: "docker2vm convert nginx --profile init --launch firecracker --out vm",
      },
    ],
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
    operands: ["file"],
    examples: [
      { does: "What images.txt lists, four at once", line: "docker2vm batch images.txt --out vms --jobs 4" },
      {
        does: "Shared with other machines by a registry",
        line: "docker2vm batch images.txt --out vms --from-cache ghcr.io/owner/vms --push-cache ghcr.io/owner/vms",
      },
    ],
    whenStopped: () => "what was finished is in its place, and the same command goes on from there",
    load: async () => (await import("./batch/batch.ts")).runBatch,
  },
  dockerfile: {
    summary: "Build an image from a Dockerfile and convert it",
    usage:
      "docker2vm dockerfile --out DIR [options]\n\n" +
      "Builds with Docker's buildx, BuildKit's buildctl or buildah, whichever works.",
    options: DOCKERFILE_OPTIONS,
    examples: [
      { does: "What is built from ./Dockerfile", line: "docker2vm dockerfile --out vm" },
      {
        does: "Another file and folder, one stage, a variable",
        line: "docker2vm dockerfile --file docker/Dockerfile --context . --target final --build-arg VERSION=1 --out vm",
      },
    ],
    whenStopped: noImage,
    load: async () => (await import("./dockerfile-command.ts")).runDockerfile,
  },
  bundle: {
    summary: "Make a bundle for runc, crun and their like, or check one: bundle create, bundle validate",
    usage:
      "docker2vm bundle create SOURCE --out DIR [options]\n" +
      "docker2vm bundle validate DIR [--json]\n\nSOURCE is as convert takes it; none with --rootfs.",
    options: BUNDLE_OPTIONS,
    actions: BUNDLE_ACTIONS,
    examples: [
      {
        does: "A bundle with another command",
        line: "docker2vm bundle create alpine:3.20 --cmd /bin/date --out bundle",
      },
      {
        does: "One for a user who is not root",
        line: "docker2vm bundle create alpine:3.20 --rootless --out bundle",
      },
      { does: "What is wrong with a bundle, whoever made it", line: "docker2vm bundle validate bundle" },
    ],
    whenStopped: ({ words: [, action] }) =>
      action === "create" ? "no bundle was written" : "the check did not come to its end",
    load: async () => (await import("./bundle/bundle.ts")).runBundle,
  },
  oci2gondolin: {
    summary: "Convert an image for Gondolin",
    usage: "oci2gondolin (--image NAME | --oci-layout PATH | --oci-tar PATH) --out DIR [options]",
    options: OCI2GONDOLIN_OPTIONS,
    examples: [
      { does: "All assets of a guest", line: "oci2gondolin --image alpine:3.20 --mode assets --out guest" },
    ],
    whenStopped: noImage,
    hidden: true,
    load: async () => (await import("./gondolin-commands.ts")).runOci2gondolin,
  },
  dockerfile2gondolin: {
    summary: "Build an image from a Dockerfile and convert it for Gondolin",
    usage: "dockerfile2gondolin --file PATH --context PATH --out DIR [options]",
    options: DOCKERFILE2GONDOLIN_OPTIONS,
    examples: [
      {
        does: "A guest's root filesystem",
        line: "dockerfile2gondolin --file Dockerfile --context . --out guest",
      },
    ],
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
    examples: [
      {
        does: "A read-only image in one file",
        line: "oci-to-virtio -image=alpine:3.20 -output=alpine.img -readonly=true",
      },
    ],
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
    operands: ["path", "image"],
    examples: [{ does: "What was converted into vm", line: "docker2vm push vm ghcr.io/owner/vm:1" }],
    whenStopped: () => "what was sent so far has no name in the registry; the next push goes on from there",
    load: async () => (await import("./push-command.ts")).runPush,
  },
  pull: {
    summary: "Bring what was pushed back: the same files, every byte checked",
    usage: "docker2vm pull REF --out DIR [options]",
    options: PULL_OPTIONS,
    operands: ["image"],
    examples: [
      { does: "The same files, every byte checked", line: "docker2vm pull ghcr.io/owner/vm:1 --out vm" },
      {
        does: "Only what is signed by this key",
        line: "docker2vm pull ghcr.io/owner/vm:1 --verify-key cosign.pub --out vm",
      },
    ],
    whenStopped: () => "no file was written",
    load: async () => (await import("./pull-command.ts")).runPull,
  },
  sign: {
    summary: "Sign an image in a registry, as cosign does with a key",
    usage: "docker2vm sign REF --key FILE [options]\n\nREF is an image or an index, by tag or digest.",
    options: SIGN_OPTIONS,
    operands: ["image"],
    examples: [{ does: "What a tag names now", line: "docker2vm sign ghcr.io/owner/vm:1 --key cosign.key" }],
    whenStopped: () => "not all signatures are there; signing once more adds those that are missing",
    load: async () => (await import("./sign-command.ts")).runSign,
  },
  "verify-signature": {
    summary: "Tell which signatures an image in a registry bears, and whether a key's is among them",
    usage: "docker2vm verify-signature REF --key FILE [options]",
    options: VERIFY_SIGNATURE_OPTIONS,
    operands: ["image"],
    examples: [
      {
        does: "Whether this key has signed",
        line: "docker2vm verify-signature ghcr.io/owner/vm:1 --key cosign.pub",
      },
    ],
    load: async () => (await import("./sign-command.ts")).runVerifySignature,
  },
  "inspect-image": {
    summary: "Tell what a container image is, without its layers",
    usage: "docker2vm inspect-image SOURCE [options]\n\nSOURCE is as convert takes it.",
    options: INSPECT_IMAGE_OPTIONS,
    operands: ["source"],
    examples: [
      { does: "Platforms, layers and workload of an image", line: "docker2vm inspect-image alpine:3.20" },
      { does: "The same of a layout, for a program", line: "docker2vm inspect-image oci:layout --json" },
    ],
    load: async () => (await import("./inspect-image-command.ts")).runInspectImage,
  },
  diff: {
    summary: "Tell what differs between the files of two images",
    usage:
      "docker2vm diff A B [options]\n\nA and B are as convert takes its source; the path of a file is that of a filesystem's " +
      "image.\nThe exit code is 1 if anything differs.",
    options: DIFF_OPTIONS,
    operands: ["source", "source"],
    examples: [
      { does: "What an update changed, by folder", line: "docker2vm diff alpine:3.19 alpine:3.20 --stat" },
      {
        does: "Whether an image has what its source has, times aside",
        line: "docker2vm diff dir:rootfs vm/rootfs.ext4 --ignore mtime",
      },
    ],
    load: async () => (await import("./diff-command.ts")).runDiff,
  },
  cache: {
    summary: "List, prune or verify what was pulled and what was made: cache ls, cache prune, cache verify",
    usage: "docker2vm cache ls|prune|verify [options]\n\nprune without options removes everything.",
    options: CACHE_OPTIONS,
    actions: CACHE_ACTIONS,
    examples: [
      { does: "What was pulled", line: "docker2vm cache ls" },
      { does: "Room for what is used", line: "docker2vm cache prune --keep-bytes 10G" },
      { does: "All of it read and checked", line: "docker2vm cache verify" },
    ],
    whenStopped: () => "not all of the cache was gone through",
    load: async () => (await import("./cache-command.ts")).runCache,
  },
  kernel: {
    summary: "Tell what a kernel can boot, and make the initramfs that it needs",
    usage:
      "docker2vm kernel PATH [options]\n\nPATH is a kernel, a Debian or Alpine package with one, or a folder with " +
      "boot and lib/modules.",
    options: KERNEL_OPTIONS,
    operands: ["path"],
    examples: [
      { does: "What a kernel can boot", line: "docker2vm kernel vmlinuz" },
      {
        does: "Kernel and initramfs out of a package",
        line: "docker2vm kernel linux-image.deb --extract vmlinuz --initramfs initramfs",
      },
    ],
    load: async () => (await import("./kernel-command.ts")).runKernel,
  },
  boot: {
    summary: "Boot an image that was converted in QEMU; the exit code is its workload's",
    usage:
      "docker2vm boot DIR|FILE --kernel PATH [options] [--] [ARGUMENT...]\n\nDIR is the folder of a conversion, FILE an " +
      "image alone. Words behind it take the place\nof the image's command, as with docker run; behind -- also such as " +
      "begin with a dash.",
    options: BOOT_OPTIONS,
    operands: ["path"],
    examples: [
      { does: "Run the workload, end with its exit code", line: "docker2vm boot vm --kernel vmlinuz" },
      {
        does: "Another command, in a larger machine",
        line: "docker2vm boot vm --kernel vmlinuz --memory 2G --cpus 2 -- /bin/sh",
      },
    ],
    failsWith: EXIT.machine,
    whenStopped: () => "the machine did not tell how its workload ended",
    load: async () => (await import("./boot-command.ts")).runBoot,
  },
  inspect: {
    summary: "Tell what an ext2, ext3, ext4, EROFS or XFS image says of itself",
    usage: "docker2vm inspect IMAGE [options]",
    options: READ_OPTIONS,
    operands: ["file"],
    examples: [{ does: "Size, label, features and state", line: "docker2vm inspect vm/rootfs.ext4" }],
    load: async () => (await import("./filesystem/inspect.ts")).runInspect,
  },
  ls: {
    summary: "List files in an image",
    usage: "docker2vm ls IMAGE [PATH] [options]",
    options: LS_OPTIONS,
    operands: ["file", "text"],
    examples: [{ does: "All files below a folder", line: "docker2vm ls vm/rootfs.ext4 /etc --recursive" }],
    whenStopped: () => "the list is not complete",
    load: async () => (await import("./filesystem/ls.ts")).runLs,
  },
  cat: {
    summary: "Write a file of an image to standard output",
    usage: "docker2vm cat IMAGE PATH [options]",
    options: CAT_OPTIONS,
    operands: ["file", "text"],
    examples: [{ does: "One file", line: "docker2vm cat vm/rootfs.ext4 /etc/passwd" }],
    whenStopped: () => "the file was not written to its end",
    load: async () => (await import("./filesystem/cat.ts")).runCat,
  },
  extract: {
    summary: "Copy files out of an image, into a new folder or a tar",
    usage:
      "docker2vm extract IMAGE PATH DEST [options]\n\n" +
      "DEST is a folder that is empty or not there, or - for a tar on standard output.",
    options: READ_OPTIONS,
    operands: ["file", "text", "folder"],
    examples: [
      { does: "A folder of the image into one here", line: "docker2vm extract vm/rootfs.ext4 /etc etc" },
      { does: "All of it as a tar", line: "docker2vm extract vm/rootfs.ext4 / - > rootfs.tar" },
    ],
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
    operands: ["file"],
    examples: [{ does: "Room for what a guest writes", line: "docker2vm resize vm/rootfs.ext4 --size 4G" }],
    whenStopped: () => "the filesystem is as it was, or the same command brings it to its end",
    load: async () => (await import("./filesystem/resize.ts")).runResize,
  },
  verify: {
    summary: "Check an image as e2fsck -fn does; XFS is not checked",
    usage: "docker2vm verify IMAGE [options]",
    options: VERIFY_OPTIONS,
    operands: ["file"],
    examples: [{ does: "Exit code 9 if anything is wrong", line: "docker2vm verify vm/rootfs.ext4" }],
    whenStopped: () => "the check did not come to its end",
    load: async () => (await import("./filesystem/verify.ts")).runVerify,
  },
  completion: {
    summary: "Write what has a shell complete commands, options and values: completion bash, zsh, fish",
    usage:
      "docker2vm completion bash|zsh|fish\n\nThe script comes on standard output, for a file that the shell reads.",
    options: {},
    actions: COMPLETION_ACTIONS,
    examples: [
      {
        does: "For bash",
        line: "docker2vm completion bash > ~/.local/share/bash-completion/completions/docker2vm",
      },
      {
        does: "For zsh, as root",
        line: "docker2vm completion zsh > /usr/local/share/zsh/site-functions/_docker2vm",
      },
      { does: "For fish", line: "docker2vm completion fish > ~/.config/fish/completions/docker2vm.fish" },
    ],
    load: async () => {
      const { runCompletion } = await import("./completion/completion-command.ts");
      return (line, host) => runCompletion(COMMANDS, line, host);
    },
  },
};

/** The command called `name`, if there is one. */
export function commandNamed(name: string | undefined): Command | undefined {
  return name !== undefined && Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
}

/** Every option of every command. An option that several commands have is of one type in all of them. */
export const ALL_OPTIONS: Options = allOptions();

/** A short name counts for an option wherever it stands. */
function allOptions(): Options {
  const all: Record<string, Options[string]> = {};
  for (const { options } of [...Object.values(COMMANDS), { options: COMMON_OPTIONS }]) {
    for (const [name, option] of Object.entries<Options[string]>(options))
      all[name] = { ...all[name], ...option };
  }
  return all;
}
