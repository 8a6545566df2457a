import type { Worker } from "node:worker_threads";
import { Docker2vmError, reasonOf } from "../../errors.ts";
import type { FromWorker, ToWorker } from "./protocol.ts";
import { LAYERS } from "./thread-module.ts";

/** A thread that worker.ts runs in. */
export class Thread {
  readonly #worker: Worker;
  readonly #exited: Promise<void>;
  /** Why it does nothing any more. */
  end: Docker2vmError | undefined;

  /**
   * @param module what it runs: worker.ts, or what comes to that
   * @param onEnd told once why it does nothing any more: nobody else would tell those who wait for it
   */
  constructor(
    module: URL,
    onMessage: (message: FromWorker) => void,
    onEnd: (reason: Docker2vmError) => void,
  ) {
    // Loaded for threads alone, which small images do without.
    const threads = process.getBuiltinModule("node:worker_threads");
    this.#worker = new threads.Worker(module, { workerData: LAYERS });
    const ended = (cause: unknown): void => {
      this.end ??= lost(cause);
      onEnd(this.end);
    };
    this.#worker.on("message", onMessage);
    this.#worker.on("error", ended);
    this.#exited = new Promise((resolve) => {
      this.#worker.on("exit", (code) => {
        ended(new Error(`it exited with code ${code}`));
        resolve();
      });
    });
  }

  post(message: ToWorker): void {
    this.#worker.postMessage(message);
  }

  async close(): Promise<void> {
    this.post({ type: "exit" });
    await this.#exited;
  }
}

function lost(cause: unknown): Docker2vmError {
  return new Docker2vmError("E_INTERNAL", `a thread that reads layers has ended: ${reasonOf(cause)}`, {
    hint: "do without threads (--workers 0); if that helps, install docker2vm anew: a file of it may be missing",
    cause,
  });
}
