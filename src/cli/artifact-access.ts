import type { TransferEvent } from "../artifact/progress.ts";
import type { CommandLine } from "./arguments.ts";
import type { Host } from "./host.ts";
import { mannerOf } from "./manner.ts";
import { progressReporter } from "./progress/reporter.ts";
import { registryRequest } from "./registry-request.ts";

/** Whatever a job around a registry takes beside its own options. */
export interface ArtifactAccess {
  readonly registry: Omit<Awaited<ReturnType<typeof registryRequest>>, "verifyKeyFile">;
  readonly concurrency: number | undefined;
  readonly signal: AbortSignal;
  readonly onProgress: (event: TransferEvent) => void;
}

/** Runs a job around a registry, reached as the options say, and shows how far it is. */
export async function withArtifactAccess<Result>(
  line: CommandLine,
  host: Host,
  job: (access: ArtifactAccess) => Promise<Result>,
): Promise<Result> {
  const { concurrency, verifyKeyFile: _, ...registry } = await registryRequest(line, host, "");
  const progress = progressReporter(mannerOf(line), host.stderr, host.env);
  try {
    return await job({
      registry,
      concurrency,
      signal: host.signal,
      onProgress: (event) => progress.report(event),
    });
  } finally {
    progress.finish();
  }
}
