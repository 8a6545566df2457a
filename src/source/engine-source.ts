import type { EngineOptions } from "./engine-options.ts";
import type { EngineSource, ImageSource } from "./source.ts";

/** Opens an image that another engine has; each kind's reader is loaded when it is wanted. Throws as they do. */
export async function openEngineSource(spec: EngineSource, options: EngineOptions): Promise<ImageSource> {
  if (spec.kind === "docker-daemon") {
    const { openDockerDaemon } = await import("./docker-daemon.ts");
    return openDockerDaemon(spec, options);
  }
  if (spec.kind === "containerd") {
    const { openContainerd } = await import("./containerd.ts");
    return openContainerd(spec, options.environment);
  }
  const { openContainersStorage } = await import("./containers-storage/open.ts");
  return openContainersStorage(spec, options.environment);
}
