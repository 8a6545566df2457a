import type { Replay } from "../../filesystem/reading/filesystem.ts";

/** That what is read is not just what the image file holds, for standard error. */
export function replayLine({ blocks, transactions }: Replay): string {
  const what = `${counted(blocks, "block")} of ${counted(transactions, "transaction")}`;
  return `the journal was replayed in memory: ${what}; the file is unchanged\n`;
}

function counted(count: number, noun: string): string {
  return `${count} ${count === 1 ? noun : `${noun}s`}`;
}
