/**
 * `oci2gondolin` and `dockerfile2gondolin`: commands with few options, for scripts that know them by these names.
 * They print one JSON document, and replace an output that is there.
 */
import { basename } from "node:path";
import type { ConvertResult } from "../convert/convert.ts";
import type { ProgressEvent } from "../convert/progress.ts";
import type { DockerfileResult } from "../dockerfile/convert-dockerfile.ts";
import { Docker2vmError } from "../errors.ts";
import { absolutePath } from "../machine.ts";
import { type CommandLine, flag, stringOption } from "./arguments.ts";
import { convertDockerfile, dockerfileRequest, planDockerfile, talkOf } from "./dockerfile-command.ts";
import type {
  GondolinBuild,
  GondolinBuildPlan,
  GondolinConversion,
  GondolinDocument,
  GondolinPlan,
} from "./gondolin-documents.ts";
import type { Host } from "./host.ts";
import { mannerOf } from "./manner.ts";
import type { OptionName } from "./options/names.ts";
import { progressReporter } from "./progress/reporter.ts";
import { registryRequest } from "./registry-request.ts";
import { type ConversionRequest, convertRequest } from "./request.ts";
import { madeImage, type Told, tell } from "./tell.ts";

/** `oci2gondolin` */
export async function runOci2gondolin(line: CommandLine, host: Host): Promise<void> {
  const command = "oci2gondolin";
  refuseWords(line);
  const out = outFolder(line);
  const request = convertRequest(line, host.env);
  const progress = progressReporter(mannerOf(line), host.stderr, host.env);
  const options = {
    ...forGondolin(request),
    registry: await registryRequest(line, host, request.source),
    signal: host.signal,
    onProgress: (event: ProgressEvent) => progress.report(event),
  };
  const source = sourceOf(line);
  const described = (result: ConvertResult): GondolinConversion => ({
    command,
    source,
    ...conversionResult(out, result),
  });
  let told: Told;
  try {
    told = flag(line, "dry-run")
      ? planned({ command, ...(await host.engine.planConversion(options)), source }, out)
      : toldResult(await host.engine.convert(options), described);
  } finally {
    progress.finish();
  }
  await tell(host, told);
}

/** `dockerfile2gondolin` */
export async function runDockerfile2gondolin(line: CommandLine, host: Host): Promise<void> {
  refuseWords(line);
  for (const name of ["file", "context"] as const) demand(line, name);
  const out = outFolder(line);
  const request = dockerfileRequest(line, host);
  const talk = talkOf(mannerOf(line), host);
  const options = {
    ...request,
    ...forGondolin(request),
    environment: host.env,
    signal: host.signal,
    ...talk.listeners,
  };
  const command = "dockerfile2gondolin";
  let told: Told;
  try {
    told = flag(line, "dry-run")
      ? planned({ command, ...(await planDockerfile(options)) }, out)
      : toldResult(await convertDockerfile(options), (result) => buildDocument(out, result));
  } catch (error) {
    throw talk.unsaid(error);
  } finally {
    talk.finish();
  }
  await tell(host, told);
}

function planned(plan: Omit<GondolinPlan, "outDir"> | Omit<GondolinBuildPlan, "outDir">, out: string): Told {
  return { text: documentText({ ...plan, outDir: absolutePath(out) }) };
}

function toldResult<Result extends ConvertResult>(
  result: Result,
  describe: (result: Result) => GondolinConversion | GondolinBuild,
): Told {
  return { text: documentText(describe(result)), made: madeImage(result) };
}

function documentText(document: GondolinDocument): string {
  return `${JSON.stringify(document, null, 2)}\n`;
}

/** The result of a build and its conversion. */
export function buildDocument(out: string, result: DockerfileResult): GondolinBuild {
  const source = { kind: "dockerfile", path: result.metadata.source.reference } as const;
  return {
    command: "dockerfile2gondolin",
    builder: result.builder,
    // The archive goes from the builder into the conversion, or lives in the output folder while that runs.
    ociTarTemporaryPath: null,
    ociTarDeletedAfterRun: true,
    conversion: { command: "oci2gondolin", source, ...conversionResult(out, result) },
  };
}

function conversionResult(
  out: string,
  result: ConvertResult,
): Omit<GondolinConversion, "command" | "source"> {
  const { rootfsPath, metadataPath, assetPaths, metadata } = result;
  const assetManifestPath = assetPaths.find((path) => basename(path) === "manifest.json");
  return {
    sourceDigest: metadata.sourceDigest,
    platform: metadata.platform,
    mode: metadata.mode,
    outDir: absolutePath(out),
    rootfsPath,
    metadataPath,
    ...(assetManifestPath === undefined ? {} : { assetManifestPath }),
    files: [rootfsPath, metadataPath, ...assetPaths].filter((path) => path !== undefined),
  };
}

function forGondolin<Request extends ConversionRequest>(request: Request): Request {
  return {
    ...request,
    profile: { ...request.profile, name: "gondolin" },
    force: true,
  };
}

function sourceOf(line: CommandLine): GondolinPlan["source"] {
  const ref = stringOption(line, "image");
  if (ref !== undefined) return { kind: "image", ref };
  const layout = stringOption(line, "oci-layout");
  if (layout !== undefined) return { kind: "oci-layout", path: absolutePath(layout) };
  return { kind: "oci-tar", path: absolutePath(demand(line, "oci-tar")) };
}

function outFolder(line: CommandLine): string {
  const out = stringOption(line, "out");
  if (out !== undefined) return out;
  throw new Docker2vmError("E_USAGE", "no output folder given", { hint: "add --out DIR" });
}

function demand(line: CommandLine, name: OptionName): string {
  const value = stringOption(line, name);
  if (value !== undefined) return value;
  throw new Docker2vmError("E_USAGE", `--${name} is missing`, { hint: `add --${name} PATH` });
}

function refuseWords({ words: [command, word] }: CommandLine): void {
  if (word === undefined) return;
  throw new Docker2vmError("E_USAGE", `${command} does not take ${JSON.stringify(word)}`, {
    hint: `${command} --help lists the options`,
  });
}
