/** QEMU as a process: its console passed on, its machine stopped in order. */
import { type ChildProcess, spawn } from "node:child_process";
import { connect } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { Docker2vmError, systemErrorCode } from "../errors.ts";
import type { Architecture } from "../launch/facts.ts";
import { EMULATORS } from "../launch/qemu.ts";
import { ConsoleReader } from "./console.ts";

/** ovms-init gives a workload ten seconds; an emulated machine's are longer. */
const GRACE_MS = 60_000;
const LAST_BYTES = 4096;
/** Bytes that may wait for a machine to read them: a file may be on the way, and Ctrl-C behind what is typed is to be seen. */
const MOST_TYPED = 8 << 20;
const MONITOR_TRIES = 50;
const MONITOR_PAUSE_MS = 20;

export interface MachineStreams {
  /** What is typed; undefined where nothing is. */
  readonly input: AsyncIterable<Uint8Array> | undefined;
  /** Takes what the console says. */
  readonly output: (bytes: Uint8Array) => Promise<unknown>;
}

export interface MachineEnd {
  /** Whether it was not left to come to its end. */
  readonly killed: boolean;
  /** QEMU's own exit code, or the signal that ended it. */
  readonly code: number | string;
  readonly console: ConsoleReader;
  /** QEMU's last messages. */
  readonly messages: readonly string[];
}

export class RunningMachine {
  /** Resolves when QEMU has ended and all is passed on. Throws E_MACHINE where it cannot be started. */
  readonly ended: Promise<MachineEnd>;
  readonly #architecture: Architecture;
  readonly #child: ChildProcess;
  readonly #monitor: string;
  readonly #console = new ConsoleReader();
  #messages = "";
  #stopping = false;
  #isOver = false;
  #killed = false;

  constructor(architecture: Architecture, args: readonly string[], monitor: string, streams: MachineStreams) {
    this.#architecture = architecture;
    this.#monitor = monitor;
    const { program } = EMULATORS[architecture];
    // In a session of its own: a terminal's Ctrl-C is for this program, which passes it on as what it means.
    this.#child = spawn(program, args, { detached: true, stdio: ["pipe", "pipe", "pipe"] });
    this.ended = this.#run(streams);
    this.ended.catch(() => undefined);
  }

  /** The first time asks the machine to end, the second ends QEMU. Never fails. */
  async stop(): Promise<void> {
    if (this.#stopping || this.#architecture !== "amd64") return this.kill();
    this.#stopping = true;
    const asked = await this.#command("sendkey ctrl-alt-delete");
    if (!asked) return this.kill();
    await Promise.race([this.ended.catch(() => undefined), delay(GRACE_MS, undefined, { ref: false })]);
    this.kill();
  }

  kill(): void {
    if (this.#isOver) return;
    this.#killed = true;
    this.#child.kill("SIGKILL");
  }

  async #run(streams: MachineStreams): Promise<MachineEnd> {
    const { stdout, stderr } = this.#child;
    const onExit = (): void => this.kill();
    process.once("exit", onExit);
    stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#messages = `${this.#messages}${text}`.slice(-LAST_BYTES);
    });
    const exited = new Promise<number | string>((resolve, reject) => {
      this.#child.once("error", (error) => reject(cannotStart(this.#architecture, error)));
      this.#child.once("close", (code, signal) => resolve(code ?? signal ?? "nothing"));
    });
    try {
      this.#type(streams.input).catch(() => undefined);
      const passed = this.#passOn(stdout, streams);
      // Where nobody takes what it says, it would wait for ever.
      passed.catch(() => this.kill());
      const code = await exited;
      await passed;
      const messages = this.#messages.split("\n").filter((line) => line !== "");
      return { killed: this.#killed, code, console: this.#console, messages };
    } finally {
      this.#isOver = true;
      process.off("exit", onExit);
    }
  }

  async #passOn(stdout: ChildProcess["stdout"], { output }: MachineStreams): Promise<void> {
    if (stdout === null) return;
    for await (const bytes of stdout) {
      this.#console.push(bytes);
      await output(bytes);
    }
  }

  async #type(input: MachineStreams["input"]): Promise<void> {
    const { stdin } = this.#child;
    stdin?.on("error", () => undefined);
    let waiting = 0;
    for await (const bytes of input ?? []) {
      if (this.#isOver) return;
      waiting += bytes.length;
      const taken = new Promise<boolean>((resolve) => {
        stdin?.write(bytes, (error) => {
          waiting -= bytes.length;
          resolve(!error);
        });
      });
      if (waiting > MOST_TYPED && !(await taken)) return;
    }
    stdin?.end();
  }

  /** Whether the monitor took it. QEMU opens it before the machine starts. */
  async #command(text: string): Promise<boolean> {
    for (let tries = 0; tries < MONITOR_TRIES && !this.#isOver; tries++) {
      if (await sent(this.#monitor, `${text}\n`)) return true;
      await delay(MONITOR_PAUSE_MS);
    }
    return false;
  }
}

function sent(socket: string, text: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = connect(socket);
    connection.on("error", () => resolve(false));
    connection.on("connect", () => connection.end(text, () => resolve(true)));
    connection.resume();
  });
}

function cannotStart(architecture: Architecture, cause: Error): Docker2vmError {
  const { program, package: name } = EMULATORS[architecture];
  const missing = systemErrorCode(cause) === "ENOENT";
  return new Docker2vmError(
    "E_MACHINE",
    `${program} ${missing ? "is not on the PATH" : `cannot be run: ${cause.message}`}`,
    {
      hint: `install QEMU (Debian, Ubuntu: apt-get install ${name})`,
      cause,
    },
  );
}
