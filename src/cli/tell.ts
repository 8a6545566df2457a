import { dirname } from "node:path";
import type { ConvertResult } from "../convert/convert.ts";
import { Docker2vmError } from "../errors.ts";
import type { Host } from "./host.ts";

/** What a command tells on standard output of what it has done. */
export interface Told {
  readonly text: string;
  /** What is there though it cannot be told, as a clause: "the image is in /vm". */
  readonly made?: string;
}

/** Throws E_NO_SPACE or E_IO where it cannot be told. */
export async function tell(host: Host, { text, made }: Told): Promise<void> {
  try {
    await host.stdout.write(text);
  } catch (error) {
    if (made === undefined || !(error instanceof Docker2vmError)) throw error;
    throw new Docker2vmError(error.code, `${made}, but ${error.message}`, { cause: error });
  }
}

export function madeImage({ rootfsPath }: ConvertResult): string {
  return `the image is in ${dirname(rootfsPath)}`;
}
