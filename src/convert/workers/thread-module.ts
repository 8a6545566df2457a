/** What threads are told they are for: a program that is one file knows by it that it is one of its own threads. */
export const LAYERS = "docker2vm layers";

/** As the sources and the build have it; an executable that `bun build --compile` made of everything has none. */
const SUFFIX = /\.[cm]?[jt]s$/.exec(import.meta.url)?.[0];

let executable: URL | undefined;

/**
 * The module that threads begin in: worker.ts beside this one, or an executable that has asked `isLayerThread`. Undefined
 * in any other executable: what that would do in a thread is not known here.
 */
export function threadModule(): URL | undefined {
  return SUFFIX === undefined ? executable : new URL(`./worker${SUFFIX}`, import.meta.url);
}

/**
 * To be asked by a program before all else: whether it runs in a thread for layers, which are then served. Only one that
 * is a single file ever does.
 */
export async function isLayerThread(): Promise<boolean> {
  if (SUFFIX !== undefined) return false;
  executable = new URL(import.meta.url);
  const { isMainThread, workerData } = await import("node:worker_threads");
  if (isMainThread || workerData !== LAYERS) return false;
  await import("./worker.ts");
  return true;
}
