/** Images that a Docker engine has, taken from it as `docker save` takes them. */
import { EngineClient, type EngineImage } from "../engine/client.ts";
import { type EngineEndpoint, findEndpoint } from "../engine/endpoint.ts";
import { Docker2vmError } from "../errors.ts";
import { quote } from "../oci/quote.ts";
import { settlePlatform } from "../oci/settle-platform.ts";
import { archiveSource } from "./archive.ts";
import { fullNames, imageIdOf } from "./engine-names.ts";
import type { EngineOptions } from "./engine-options.ts";
import { formatEngineReference } from "./engine-reference.ts";
import type { DockerDaemonSource, ImageSource } from "./source.ts";
import { spool } from "./spool.ts";

const WHOLE_ID = /^(?:sha256:)?[a-f0-9]{64}$/;

/**
 * Nothing is asked of the engine before resolve; then the archive that it sends is kept as one on standard input is.
 * Throws as findEndpoint does; resolve throws as EngineClient's methods, spool and archives do, and E_IMAGE_NOT_FOUND.
 */
export function openDockerDaemon(spec: DockerDaemonSource, options: EngineOptions): ImageSource {
  const endpoint = findEndpoint(options.environment, spec.host);
  const client = new EngineClient(endpoint, options);
  const reference = formatEngineReference(spec);
  const origin = { kind: spec.kind, reference };
  let saved: ImageSource | undefined;
  return {
    origin,
    resolve: async (platform) => {
      await saved?.close();
      saved = undefined;
      const image = await find(client, spec.name, endpoint);
      // Before all of it is sent.
      if (image.platform !== undefined) {
        settlePlatform({ config: image.platform, listed: undefined }, platform, reference);
      }
      // By its ID: a tag may go to another image between two requests.
      const body = await client.save(image, platform.any === true ? undefined : platform);
      const archive = await spool(body, reference, options);
      saved = await archiveSource(archive, reference, {}, origin, options.verifyKey);
      return saved.resolve(platform);
    },
    close: async () => {
      await saved?.close();
      await client.close();
    },
  };
}

async function find(client: EngineClient, name: string, endpoint: EngineEndpoint): Promise<EngineImage> {
  const id = imageIdOf(name) === undefined ? [] : [name];
  for (const candidate of WHOLE_ID.test(name) ? id : [...fullNames(name), ...id]) {
    const image = await client.image(candidate);
    if (image !== undefined) return image;
  }
  throw new Docker2vmError(
    "E_IMAGE_NOT_FOUND",
    `the Docker engine at ${endpoint.name} has no image ${quote(name)}`,
    {
      hint:
        id.length > 0
          ? "docker images lists what it has"
          : `docker images lists what it has; from a registry docker2vm pulls it by itself: docker2vm convert ${name}`,
    },
  );
}
