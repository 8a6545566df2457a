/** The thread that layers are hashed, inflated and, where they are kept, read in: see pool.ts for the other side. */
import { parentPort } from "node:worker_threads";
import type { PackBatch } from "../../filesystem/kind/packing.ts";
import { packBatchFor } from "../../filesystem/packing.ts";
import { HashJob } from "./hash-job.ts";
import { InflateJob } from "./inflate-job.ts";
import { PiecesJob } from "./pieces-job.ts";
import { type FromWorker, sendable, type ToPacker, type ToWorker } from "./protocol.ts";

const inflating = new Map<number, InflateJob>();
/** Those that may be dropped. */
const beside = new Map<number, HashJob | PiecesJob>();

function post(message: FromWorker): void {
  parentPort?.postMessage(message);
}

let packBatch: Promise<PackBatch> | undefined;

async function pack({ id, packing, memory }: ToPacker): Promise<void> {
  try {
    packBatch ??= packBatchFor(packing);
    const packOne = await packBatch;
    packOne(memory);
    post({ type: "packed", id });
  } catch (error) {
    post({ type: "failed", id, error: sendable(error) });
  }
}

function runBeside(id: number, job: HashJob | PiecesJob): void {
  beside.set(id, job);
  void job.run().then(() => beside.delete(id));
}

/** Takes jobs until it is told to go. */
function take(message: ToWorker): void {
  switch (message.type) {
    case "inflate": {
      const job = new InflateJob(message, post);
      inflating.set(message.id, job);
      void job.run().then(() => inflating.delete(message.id));
      break;
    }
    case "hash":
      runBeside(message.id, new HashJob(message, post));
      break;
    case "pieces":
      runBeside(message.id, new PiecesJob(message, post));
      break;
    case "pack":
      void pack(message);
      break;
    case "drop":
      beside.get(message.id)?.close();
      break;
    case "exit":
      for (const job of inflating.values()) job.stop();
      for (const job of beside.values()) job.close();
      parentPort?.close();
      break;
    default:
      inflating.get(message.id)?.hear(message);
  }
}

parentPort?.on("message", take);
