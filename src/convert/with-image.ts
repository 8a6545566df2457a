import { openSource } from "../source/open.ts";
import type { ResolvedImage, SourceOrigin } from "../source/source.ts";
import type { Request } from "./request.ts";

/**
 * Opens the source, chooses and verifies the image in it, hands it over and closes the source, whatever happens.
 * What has to be kept on disk meanwhile (standard input) is kept in `scratchFolder`.
 */
export async function withImage<Result>(
  request: Request,
  scratchFolder: string,
  use: (image: ResolvedImage, origin: SourceOrigin) => Promise<Result>,
): Promise<Result> {
  const { stdin, signal, report } = request;
  const registry = { environment: {}, ...request.registry, onEvent: report };
  const onSpool = (bytes: number): void => report({ type: "spooling", bytes });
  const source = await openSource(request.source, { scratchFolder, stdin, signal, onSpool, registry });
  try {
    return await use(await source.resolve(request.platform), source.origin);
  } finally {
    await source.close();
  }
}
