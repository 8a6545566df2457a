import { Docker2vmError } from "../errors.ts";
import { parseEngineReference } from "../source/engine-reference.ts";
import type { SourceSpec } from "../source/source.ts";
import { type CommandLine, stringOption } from "./arguments.ts";

/**
 * The source in the namespace that --namespace says, if it is one of containerd's. Throws E_USAGE where it is not, or names
 * a namespace itself.
 */
export function withNamespace(line: CommandLine, source: SourceSpec | string): SourceSpec | string {
  const namespace = stringOption(line, "namespace");
  if (namespace === undefined) return source;
  const spec = typeof source === "string" ? parseEngineReference(source) : undefined;
  if (spec?.kind !== "containerd") {
    throw new Docker2vmError("E_USAGE", "--namespace is for images of containerd's", {
      hint: "give the image as containerd:NAME, or leave the option out",
    });
  }
  if (spec.namespace !== undefined && spec.namespace !== namespace) {
    throw new Docker2vmError("E_USAGE", `--namespace ${namespace} contradicts ${JSON.stringify(source)}`, {
      hint: "name the namespace once",
    });
  }
  return { ...spec, namespace };
}

/** Of two sources: those of containerd's, of which there must be one. Throws as withNamespace does. */
export function withNamespaces(
  line: CommandLine,
  sources: readonly (SourceSpec | string)[],
): readonly (SourceSpec | string)[] {
  const isOne = (source: SourceSpec | string) =>
    typeof source === "string" && parseEngineReference(source)?.kind === "containerd";
  const none = !sources.some(isOne);
  return sources.map((source) => (none || isOne(source) ? withNamespace(line, source) : source));
}
