/** config.json as it is written: what follows from the image, and over it what a template says. */
import { Docker2vmError } from "../errors.ts";
import { type Json, mergePatch } from "./merge-patch.ts";
import type { RuntimeDocument } from "./runtime/document.ts";
import { checkDocument, checkPrograms } from "./validate/check-config.ts";
import type { BundleFiles } from "./validate/files.ts";
import { fieldOf } from "./validate/reading.ts";

/**
 * Throws E_USAGE for a configuration without a command, and for one that a template has made one that runtimes refuse.
 * `warn` hears of what is odd, and of a command that is not there.
 */
export function settleConfig(
  document: RuntimeDocument,
  template: Json | undefined,
  files: BundleFiles,
  warn: (message: string) => void,
): Json {
  // What is undefined is no field of a document.
  const generated: Json = JSON.parse(JSON.stringify(document));
  const config = template === undefined ? generated : mergePatch(generated, template);
  if (fieldOf(fieldOf(config, "process"), "args") === undefined) {
    throw new Docker2vmError("E_USAGE", "nothing is to be run: the image names no command", {
      hint: "give one with --entrypoint or --cmd, as --cmd '[\"/bin/sh\"]'",
    });
  }
  for (const { severity, path, message, spec } of checkDocument(config, files)) {
    if (severity === "error") {
      throw new Docker2vmError("E_USAGE", `config.json would not be taken: ${path} ${message} (${spec})`, {
        hint:
          template === undefined ? "override what is wrong in the image" : "mend the template of --config",
      });
    }
    // Where the root filesystem lies is what was asked for.
    if (path !== "/root/path") warn(`config.json: ${path} ${message}`);
  }
  for (const { path, message } of checkPrograms(config, files)) warn(`config.json: ${path} ${message}`);
  return config;
}
