import { paintFor } from "../colour.ts";
import type { Environment, Output } from "../host.ts";
import type { Manner } from "../manner.ts";
import { printable } from "../printable.ts";
import { renderBars } from "./bars.ts";
import { LiveBlock, screenOf } from "./live-block.ts";
import { plainLines, retryText } from "./plain.ts";
import { applyEvent, initialProgress, type ReportedEvent } from "./state.ts";

export interface ProgressReporter {
  report(event: ReportedEvent): void;
  /** Leaves the stream clean for whatever is printed next. */
  finish(): void;
}

const FRAME_MS = 100;

/** The reporter for what the user asked for and the stream can show. */
export function progressReporter(manner: Manner, output: Output, env: Environment): ProgressReporter {
  if (manner.progress === "json") return jsonReporter(output);
  if (manner.quiet) return { report: () => {}, finish: () => {} };
  if (manner.progress === "none") return warningReporter(output, env);
  const terminal = output.isTTY === true && env["TERM"] !== "dumb";
  return manner.progress === "auto" && terminal ? barReporter(output, env) : plainReporter(output, env);
}

/** The events as they are, one JSON document a line. */
function jsonReporter(output: Output): ProgressReporter {
  return {
    report: (event) => output.write(`${JSON.stringify(event)}\n`),
    finish: () => {},
  };
}

function warningReporter(output: Output, env: Environment): ProgressReporter {
  return {
    report: (event) => {
      if (event.type === "warning") output.write(warningLine(event.message, output, env));
    },
    finish: () => {},
  };
}

function plainReporter(output: Output, env: Environment): ProgressReporter {
  const state = initialProgress();
  return {
    report: (event) => {
      for (const line of plainLines(state, event)) output.write(`${line}\n`);
      if (event.type === "warning") output.write(warningLine(event.message, output, env));
      applyEvent(state, event);
    },
    finish: () => {},
  };
}

function barReporter(output: Output, env: Environment): ProgressReporter {
  const state = initialProgress();
  const block = new LiveBlock(output);
  const paint = paintFor(output, env);
  let timer: NodeJS.Timeout | undefined;
  const draw = (): void => {
    timer = undefined;
    block.draw(renderBars(state, screenOf(output), paint));
  };
  return {
    report: (event) => {
      applyEvent(state, event);
      if (event.type === "warning") block.replace(warningLine(event.message, output, env));
      if (event.type === "retry") block.replace(`${retryText(event)}\n`);
      timer ??= setTimeout(draw, FRAME_MS);
    },
    finish: () => {
      clearTimeout(timer);
      block.replace("");
    },
  };
}

function warningLine(message: string, output: Output, env: Environment): string {
  return `${paintFor(output, env)("yellow", "warning:")} ${printable(message)}\n`;
}
