import type { ConvertResult } from "../convert/convert.ts";
import type { ProgressEvent } from "../convert/progress.ts";
import { type CommandLine, flag } from "./arguments.ts";
import { compileFor, compileReadily } from "./compiling.ts";
import { withNamespace } from "./containerd-source.ts";
import { editsOf } from "./edit-options.ts";
import { withFolderOptions } from "./folder-source.ts";
import type { Host } from "./host.ts";
import { type Manner, mannerOf, noteTo } from "./manner.ts";
import { progressReporter } from "./progress/reporter.ts";
import { registryRequest } from "./registry-request.ts";
import { convertRequest } from "./request.ts";
import { layerStoreSettings, resultSettings } from "./results-request.ts";
import { settledSource } from "./source-choice.ts";
import { sourceSpec } from "./standard-input.ts";
import { summaryJson, summaryText } from "./summary.ts";
import { madeImage, type Told, tell } from "./tell.ts";

/** `docker2vm convert` */
export async function runConvert(line: CommandLine, host: Host): Promise<void> {
  const manner = mannerOf(line);
  const request = convertRequest(line, host.env);
  const chosen = await settledSource(request.source, noteTo(host.stderr, manner));
  const given = withNamespace(line, sourceSpec(chosen, "convert - --out DIR", host));
  const source = withFolderOptions(line, given);
  const registry = await registryRequest(line, host, chosen);
  const progress = progressReporter(manner, host.stderr, host.env);
  const options = {
    ...request,
    source,
    edits: editsOf(line, host, request.source),
    registry,
    results: resultSettings(line, registry),
    layerStore: layerStoreSettings(line, registry),
    signal: host.signal,
    onProgress: (event: ProgressEvent) => {
      compileFor(event);
      progress.report(event);
    },
  };
  let told: Told;
  try {
    told = flag(line, "dry-run")
      ? { text: `${JSON.stringify(await host.engine.planConversion(options), null, 2)}\n` }
      : toldResult(await host.engine.convert(options), manner);
  } finally {
    compileReadily();
    progress.finish();
  }
  await tell(host, told);
}

function toldResult(result: ConvertResult, manner: Manner): Told {
  const quiet = manner.quiet ? "" : summaryText(result);
  return { text: manner.format === "json" ? summaryJson(result) : quiet, made: madeImage(result) };
}
