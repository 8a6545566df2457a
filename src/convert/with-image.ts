import { openSource } from "../source/open.ts";
import type { ResolvedImage, SourceOrigin } from "../source/source.ts";
import type { Request } from "./request.ts";

/**
 * Opens the source, chooses and verifies the image in it, hands it over and closes the source, whatever happens.
 * What has to be kept on disk meanwhile (standard input) is kept in `scratchFolder`. `toRead`: see ImageSource.resolve.
 */
export async function withImage<Result>(
  request: Request,
  scratchFolder: string,
  toRead: boolean,
  use: (image: ResolvedImage, origin: SourceOrigin) => Promise<Result>,
): Promise<Result> {
  const { signal, report } = request;
  const made = await request.makeSource?.(scratchFolder);
  const { spec, stdin, stdinName } = made ?? { spec: request.source, stdin: request.stdin };
  const registry = { environment: {}, ...request.registry, onEvent: report };
  const onSpool = (bytes: number): void => report({ type: "spooling", bytes });
  const source = await openSource(spec, { scratchFolder, stdin, stdinName, signal, onSpool, registry });
  try {
    return await use(await source.resolve(request.platform, toRead), made?.origin ?? source.origin);
  } finally {
    await source.close();
  }
}
