import { EXIT } from "../errors.ts";
import { ARTIFACT_COMMANDS } from "./artifact-commands.ts";
import type { Command, Commands } from "./command.ts";
import { FILESYSTEM_COMMANDS } from "./filesystem/commands.ts";
import { BATCH_OPTIONS } from "./options/batch.ts";
import { DOCKERFILE_OPTIONS } from "./options/build.ts";
import { BUNDLE_ACTIONS, BUNDLE_OPTIONS } from "./options/bundle.ts";
import { COMPLETION_ACTIONS } from "./options/completion.ts";
import { CONVERT_OPTIONS } from "./options/convert.ts";
import { DOCKERFILE2GONDOLIN_OPTIONS, OCI2GONDOLIN_OPTIONS } from "./options/gondolin.ts";
import { BOOT_OPTIONS, KERNEL_OPTIONS } from "./options/machine.ts";
import { COMMON_OPTIONS, type Options } from "./options/option.ts";
import { REPORT_OPTIONS } from "./options/report.ts";
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
  ...ARTIFACT_COMMANDS,
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
  report: {
    summary:
      "Tell where the bytes of an image are, in one page that works offline; or what two images differ by",
    usage:
      "docker2vm report SOURCE --out report.html [options]\ndocker2vm report SOURCE SOURCE --out report.html [options]\n\n" +
      "SOURCE is as convert takes it, the path of a filesystem's image, or a folder that convert has made.\n" +
      "Two of them are compared: what is there first, then what came of it.",
    options: REPORT_OPTIONS,
    operands: ["source", "source"],
    examples: [
      { does: "A page about an image of a registry", line: "docker2vm report alpine:3.20 --out report.html" },
      {
        does: "What an update changed, on the terminal",
        line: "docker2vm report alpine:3.19 alpine:3.20 --format text",
      },
      { does: "Every number, of what was converted", line: "docker2vm report vm --format json" },
    ],
    load: async () => (await import("./report-command.ts")).runReport,
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
  ...FILESYSTEM_COMMANDS,
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
