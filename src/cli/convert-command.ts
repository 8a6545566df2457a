import type { ConvertResult } from "../convert/convert.ts";
import type { ConvertOptions } from "../convert/options.ts";
import { Docker2vmError } from "../errors.ts";
import type { CommandLine } from "./command-line.ts";
import type { Host } from "./host.ts";
import { progressReporter } from "./progress/reporter.ts";
import { registryRequest } from "./registry-request.ts";
import { convertRequest, flag, type Manner, mannerOf } from "./request.ts";
import { summaryJson, summaryText } from "./summary.ts";

/** `docker2vm convert` */
export async function runConvert(line: CommandLine, host: Host): Promise<void> {
  const manner = mannerOf(line);
  const request = convertRequest(line, host.env["SOURCE_DATE_EPOCH"]);
  const stdin = standardInput(request.source, host);
  const registry = await registryRequest(line, host, request.source);
  const progress = progressReporter(manner, host.stderr, host.env);
  const options: ConvertOptions = {
    ...request,
    ...stdin,
    registry,
    environment: host.env,
    signal: host.signal,
    onProgress: (event) => progress.report(event),
  };
  let text: string;
  try {
    text = flag(line, "dry-run")
      ? `${JSON.stringify(await host.engine.planConversion(options), null, 2)}\n`
      : resultText(await host.engine.convert(options), manner);
  } finally {
    progress.finish();
  }
  host.stdout.write(text);
}

function resultText(result: ConvertResult, manner: Manner): string {
  if (manner.format === "json") return summaryJson(result);
  return manner.quiet ? "" : summaryText(result);
}

function standardInput(source: string, host: Host): Pick<ConvertOptions, "stdin"> {
  if (source !== "-") return {};
  if (host.stdinIsTerminal) {
    throw new Docker2vmError("E_USAGE", "standard input is a terminal, not an image archive", {
      hint: "pipe one in: docker save IMAGE | docker2vm convert - --out DIR",
    });
  }
  return { stdin: host.openStdin() };
}
