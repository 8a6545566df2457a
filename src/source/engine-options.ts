import type { Environment } from "../http/proxy.ts";
import type { ArchiveOptions } from "./archive.ts";

/** How an image is taken from another engine. */
export interface EngineOptions extends ArchiveOptions {
  /** What says where engines keep images: DOCKER_HOST, CONTAINERS_STORAGE_CONF, HOME and their like. */
  readonly environment: Environment;
}
