import { bootImage } from "../boot/boot.ts";
import { parsePublication } from "../boot/network.ts";
import type { RunningMachine } from "../boot/running-machine.ts";
import { Docker2vmError } from "../errors.ts";
import { checkCpus, checkMemory } from "../launch/facts.ts";
import {
  type CommandLine,
  choice,
  flag,
  listOption,
  numberOption,
  sizeOption,
  stringOption,
} from "./arguments.ts";
import type { Host } from "./host.ts";
import { BOOT_OPTIONS } from "./options/machine.ts";
import { printable } from "./printable.ts";

/** What Ctrl-C is where a terminal hands every key over. */
const INTERRUPT = 0x03;

/** `docker2vm boot DIR|FILE --kernel PATH [ARGUMENT]...`; the workload's status. */
export async function runBoot(line: CommandLine, host: Host): Promise<number> {
  const [, path, ...args] = line.words;
  if (path === undefined) {
    throw new Docker2vmError("E_USAGE", "no DIR given", { hint: "docker2vm boot DIR|FILE --kernel PATH" });
  }
  const publish = listOption(line, "publish").map(parsePublication);
  const console = new Terminal(host);
  try {
    return await bootImage({
      path,
      kernel: kernelOf(line),
      maxBytes: sizeOption(line, "max-bytes", []),
      initramfs: stringOption(line, "initramfs"),
      memoryMiB: checkMemory(sizeOption(line, "memory", [])),
      cpus: checkCpus(numberOption(line, "cpus")),
      writableDisk: stringOption(line, "writable-disk"),
      network: networkOf(line, publish.length > 0),
      publish,
      accelerator: acceleratorOf(line),
      verbose: flag(line, "verbose"),
      words: listOption(line, "append"),
      args,
      signal: host.signal,
      input: console.input(),
      output: (bytes) => host.stdout.write(bytes),
      onStart: (machine, { name, reason }) => {
        host.stderr.write(
          `booting with ${name.toUpperCase()}: ${printable(reason)}; Ctrl-C stops the machine\n`,
        );
        console.attach(machine);
      },
    });
  } finally {
    console.release();
  }
}

function kernelOf(line: CommandLine): string {
  const kernel = stringOption(line, "kernel");
  if (kernel !== undefined) return kernel;
  throw new Docker2vmError("E_USAGE", "no kernel given", {
    hint: "add --kernel PATH: a kernel, a package or a folder with one; Debian: apt-get download what linux-image-cloud-amd64 depends on",
  });
}

function networkOf(line: CommandLine, publishes: boolean): boolean | undefined {
  const name = choice(line, "network", BOOT_OPTIONS.network.values);
  if (name === "none" && publishes) {
    throw new Docker2vmError("E_USAGE", "--publish needs a network", { hint: "leave --network none out" });
  }
  return name === undefined ? undefined : name === "user";
}

function acceleratorOf(line: CommandLine): "kvm" | "tcg" | undefined {
  const name = choice(line, "accel", BOOT_OPTIONS.accel.values);
  return name === "auto" ? undefined : name;
}

/** The terminal that the command was called in, for as long as a machine has it. */
class Terminal {
  readonly #host: Host;
  #machine: RunningMachine | undefined;
  #restore: (() => void) | undefined;
  #stopping = false;

  constructor(host: Host) {
    this.#host = host;
  }

  /** From now on the machine has every key but Ctrl-C, which stops it, as signals do. */
  attach(machine: RunningMachine): void {
    this.#machine = machine;
    this.#restore = this.#host.rawTerminal?.();
    const { signal } = this.#host;
    signal.addEventListener("abort", this.#stop);
    if (signal.aborted) this.#stop();
  }

  async *input(): AsyncGenerator<Uint8Array> {
    for await (const bytes of this.#host.openStdin()) {
      const at = this.#restore === undefined ? -1 : bytes.indexOf(INTERRUPT);
      yield at === -1 ? bytes : bytes.subarray(0, at);
      if (at !== -1) this.#stop();
    }
  }

  release(): void {
    this.#restore?.();
    this.#host.signal.removeEventListener("abort", this.#stop);
  }

  readonly #stop = (): void => {
    if (!this.#stopping) this.#host.stderr.write("\r\nstopping the machine; once more ends it at once\r\n");
    this.#stopping = true;
    this.#machine?.stop();
  };
}
