import { readFileSync } from "node:fs";
import type { ConvertResult } from "../convert/convert.ts";
import type { ConvertOptions } from "../convert/options.ts";
import { Docker2vmError, EXIT } from "../errors.ts";
import { paintFor } from "./colour.ts";
import { type CommandLine, checkCommandLine, splitCommandLine } from "./command-line.ts";
import { asDocker2vmError, errorJson, errorText } from "./error-report.ts";
import type { Host } from "./host.ts";
import { progressReporter } from "./progress/reporter.ts";
import { convertRequest, flag, type Manner, mannerOf } from "./request.ts";
import { summaryJson, summaryText } from "./summary.ts";

/** Runs a command line to its end and returns the exit code. Does not throw: errors are told on `stderr`. */
export async function run(args: readonly string[], host: Host): Promise<number> {
  const line = splitCommandLine(args);
  try {
    if (flag(line, "version")) {
      host.stdout.write(`${programVersion()}\n`);
    } else if (flag(line, "help")) {
      const { helpText } = await import("./help.ts");
      host.stdout.write(await helpText(line.words[0]));
    } else {
      checkCommandLine(line, args);
      await runConvert(line, mannerOf(line), host);
    }
    return EXIT.ok;
  } catch (thrown) {
    // Whatever an abort made fail on its way out, the reason is the interruption.
    const error = asDocker2vmError(host.signal.aborted ? host.signal.reason : thrown);
    const details = flag(line, "verbose");
    const json = line.values.get("format") === "json" || line.values.get("progress") === "json";
    host.stderr.write(
      json ? errorJson(error, details) : errorText(error, details, paintFor(host.stderr, host.env)),
    );
    return error.exitCode;
  }
}

async function runConvert(line: CommandLine, manner: Manner, host: Host): Promise<void> {
  const request = convertRequest(line, host.env["SOURCE_DATE_EPOCH"]);
  const stdin = standardInput(request.source, host);
  const engine = await host.loadEngine();
  const progress = progressReporter(manner, host.stderr, host.env);
  const options: ConvertOptions = {
    ...request,
    ...stdin,
    signal: host.signal,
    onProgress: (event) => progress.report(event),
  };
  let text: string;
  try {
    text = flag(line, "dry-run")
      ? `${JSON.stringify(await engine.planConversion(options), null, 2)}\n`
      : resultText(await engine.convert(options), manner);
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

/** The package's version: package.json stands two folders up from here, in the sources and in the build. */
function programVersion(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  const { version } = JSON.parse(text) as { version: string };
  return version;
}
