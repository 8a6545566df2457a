import type { KeyObject } from "node:crypto";
import { tmpdir } from "node:os";
import { openSource } from "../source/open.ts";
import type { ResolvedImage, SourceOrigin } from "../source/source.ts";
import type { SpoolOptions } from "../source/spool.ts";
import { checkKept } from "./limits.ts";
import type { Request } from "./request.ts";

/** Where what has to be kept on disk meanwhile (an archive on standard input) is kept. */
export type Scratch = Pick<SpoolOptions, "scratchFolder" | "scratchElsewhere">;

export interface Opening extends Scratch {
  /** Demand a signature of the image by this key. */
  readonly verifyKey: KeyObject | undefined;
  /** See ImageSource.resolve. */
  readonly toRead?: boolean;
}

/** For what makes no output. Nothing is made there beforehand: most images need no scratch folder at all. */
export function temporaryScratch(): Scratch {
  return {
    scratchFolder: tmpdir(),
    scratchElsewhere: "the environment variable TMPDIR names another folder",
  };
}

/**
 * The key of the signature that the request demands, if it demands one; to be asked for before all else. `kind` is that
 * of the source if the request does not tell it. Throws as demandedKey does.
 */
export async function readVerifyKey(
  { registry, source, makeSource }: Request,
  kind: SourceOrigin["kind"] = makeSource === undefined ? source.kind : "dockerfile",
): Promise<KeyObject | undefined> {
  const file = registry?.verifyKeyFile;
  if (file === undefined) return undefined;
  // Loaded when it is wanted: few conversions demand a signature.
  const { demandedKey } = await import("../source/signature-demand.ts");
  return demandedKey(file, kind);
}

/**
 * Opens the source, chooses and verifies the image in it, hands it over and closes the source, whatever happens.
 */
export async function withImage<Result>(
  request: Request,
  { toRead = false, ...opening }: Opening,
  use: (image: ResolvedImage, origin: SourceOrigin) => Promise<Result>,
): Promise<Result> {
  const { signal, report } = request;
  const made = await request.makeSource?.(opening.scratchFolder);
  const { spec, stdin, stdinName } = made ?? { spec: request.source, stdin: request.stdin };
  const registry = { environment: {}, ...request.registry, onEvent: report };
  const onSpool = (bytes: number): void => {
    checkKept(bytes, request);
    report({ type: "spooling", bytes });
  };
  const source = await openSource(spec, { ...opening, stdin, stdinName, signal, onSpool, registry });
  let result: Result;
  try {
    result = await use(await source.resolve(request.platform, toRead), made?.origin ?? source.origin);
  } finally {
    await source.close();
  }
  for (const message of (await made?.release?.()) ?? []) report({ type: "warning", message });
  return result;
}
