import type { Host } from "./host.ts";

/** What comes on standard input, without the end of its last line. */
export async function readSecret(host: Host): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of host.openStdin()) chunks.push(chunk);
  return Buffer.concat(chunks)
    .toString("utf8")
    .replace(/\r?\n$/, "");
}
