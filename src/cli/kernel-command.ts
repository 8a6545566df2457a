import { type EarlyUserspace, makeEarlyUserspace } from "../kernel/early-userspace.ts";
import type { KernelImage } from "../kernel/image.ts";
import { type Kernel, openKernel } from "../kernel/kernel.ts";
import { writeWholeFiles } from "../output/whole-files.ts";
import { type CommandLine, flag, sizeOption, stringOption } from "./arguments.ts";
import { formatBytes } from "./bytes.ts";
import { wordsOf } from "./filesystem/with-filesystem.ts";
import type { Host } from "./host.ts";
import { printable } from "./printable.ts";
import { tell } from "./tell.ts";

interface Made {
  readonly initramfs?: (EarlyUserspace & { readonly path: string }) | undefined;
  readonly extracted?: string | undefined;
}

/** `docker2vm kernel PATH` */
export async function runKernel(line: CommandLine, host: Host): Promise<void> {
  const [path = ""] = wordsOf(line, ["PATH"], 1);
  const kernel = await openKernel(path, { signal: host.signal, maxBytes: sizeOption(line, "max-bytes", []) });
  try {
    const made = await make(kernel, line);
    warnOfNothing(kernel, made, host);
    const text = flag(line, "json") ? kernelJson(kernel, made) : kernelText(kernel, made);
    const files = [made.initramfs?.path, made.extracted].filter((each) => each !== undefined);
    await tell(host, { text, ...(files.length === 0 ? {} : { made: `${files.join(" and ")} is written` }) });
  } finally {
    await kernel.close();
  }
}

/** Where nothing is known, the one thing that the initramfs is for may be missing. */
function warnOfNothing({ where, knownFrom }: Kernel, { initramfs }: Made, host: Host): void {
  if (initramfs === undefined || knownFrom.length > 0) return;
  host.stderr.write(
    `warning: ${printable(where)}: nothing tells what this kernel has as modules, so the initramfs has none; ` +
      "name the package or the folder that it came in\n",
  );
}

async function make(kernel: Kernel, line: CommandLine): Promise<Made> {
  const path = stringOption(line, "initramfs");
  const extracted = stringOption(line, "extract");
  const early = path === undefined ? undefined : await makeEarlyUserspace(kernel);
  const initramfs = path === undefined || early === undefined ? undefined : { ...early, path };
  const kernelFile = extracted === undefined ? [] : [{ path: extracted, bytes: kernel.bytes }];
  await writeWholeFiles(
    [...kernelFile, ...(initramfs === undefined ? [] : [initramfs])],
    flag(line, "force"),
  );
  return { extracted, initramfs };
}

const KNOWN_FROM = { config: "its configuration", modules: "its modules" } as const;

export function kernelText(kernel: Kernel, { initramfs, extracted }: Made): string {
  const { image, where, imagePath, imageOnDisk, knownFrom } = kernel;
  const rows: [name: string, value: string][] = [
    [
      "Kernel",
      `${image.version ?? "of a version that it does not tell"} (${image.architecture}, ${image.format})`,
    ],
    ["File", imageOnDisk ?? `${imagePath} in ${where}`],
    [
      "Known from",
      knownFrom.length === 0
        ? "nothing: neither a configuration nor modules are beside it, nor a configuration in it"
        : knownFrom.map((source) => KNOWN_FROM[source]).join(" and "),
    ],
    ...Object.entries(kernel.features).map(([name, state]) => [name, state] as [string, string]),
    ...(extracted === undefined ? [] : [["Extracted", extracted] as [string, string]]),
    ...(initramfs === undefined ? [] : [["Initramfs", initramfsText(initramfs)] as [string, string]]),
  ];
  return rows.map(([name, value]) => `${name.padEnd(20)}${printable(value)}\n`).join("");
}

function initramfsText({ path, bytes, modules }: NonNullable<Made["initramfs"]>): string {
  const count = modules.length === 1 ? "1 module" : `${modules.length} modules`;
  return `${path} (${formatBytes(bytes.length)}, ${count})`;
}

/** What a kernel is, and what was made of it, for a program. */
export interface KernelDocument extends Pick<Kernel, "knownFrom" | "features"> {
  /** As it was named. */
  readonly kernel: string;
  /** The kernel's own name: a path within a package or folder, or the file. */
  readonly image: string;
  readonly architecture: KernelImage["architecture"];
  readonly format: KernelImage["format"];
  /** Such as 6.1.0-50-cloud-amd64; null where it does not tell. */
  readonly version: string | null;
  /** The file of --extract. */
  readonly extracted?: string;
  readonly initramfs?: InitramfsDocument;
}

/** The file of --initramfs. */
export interface InitramfsDocument extends Omit<EarlyUserspace, "bytes"> {
  readonly path: string;
  /** How many it has. */
  readonly bytes: number;
}

function kernelJson(kernel: Kernel, { initramfs, extracted }: Made): string {
  const { image } = kernel;
  const document: KernelDocument = {
    kernel: kernel.where,
    image: kernel.imagePath,
    architecture: image.architecture,
    format: image.format,
    version: image.version ?? null,
    knownFrom: kernel.knownFrom,
    features: kernel.features,
    ...(extracted === undefined ? {} : { extracted }),
    ...(initramfs === undefined
      ? {}
      : {
          initramfs: {
            path: initramfs.path,
            bytes: initramfs.bytes.length,
            compression: initramfs.compression,
            modules: initramfs.modules,
          },
        }),
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}
