/** Of programs that a runtime runs on the way: config.md, POSIX-platform Hooks. */
import { quote } from "../../../oci/quote.ts";
import type { BundleFiles, FileKind } from "../files.ts";
import { below, type Report } from "../finding.ts";
import { entriesOf, type Fields, fieldOf, itemsOf, textOf, textsOf } from "../reading.ts";

const SECTION = "config.md, POSIX-platform Hooks";

export function checkHooks({ hooks }: Fields, files: BundleFiles, report: Report): void {
  for (const [stage, listed] of entriesOf(hooks)) {
    for (const [at, hook] of itemsOf(listed)) {
      checkHook(hook, stage, below(below("/hooks", stage), at), files, report);
    }
  }
  if (itemsOf(fieldOf(hooks, "prestart")).length === 0) return;
  const spec = `${SECTION}: prestart (array of objects, OPTIONAL, DEPRECATED)`;
  report("warning", "/hooks/prestart", "is deprecated: createRuntime, createContainer, startContainer", spec);
}

function checkHook(hook: unknown, stage: string, at: string, files: BundleFiles, report: Report): void {
  for (const [place, entry] of textsOf(fieldOf(hook, "env"))) {
    if (entry.indexOf("=") > 0) continue;
    const spec = `${SECTION}: env with the semantics of environ: NAME=VALUE`;
    report("error", below(below(at, "env"), place), `${quote(entry)} is no NAME=VALUE`, spec);
  }
  const program = textOf(fieldOf(hook, "path"));
  const path = below(at, "path");
  if (program === undefined) return;
  if (!program.startsWith("/")) {
    report(
      "error",
      path,
      `${quote(program)} is relative`,
      `${SECTION}: this specification extends the IEEE standard in that path MUST be absolute`,
    );
    return;
  }
  // The one kind whose programs are the container's own.
  const inContainer = stage === "startContainer";
  const kind: FileKind | undefined = inContainer ? files.inContainer(program) : files.onMachine(program);
  if (kind === "executable") return;
  const spec = `${SECTION}: the value of path MUST resolve in the ${inContainer ? "container" : "runtime"} namespace`;
  report(
    "error",
    path,
    `${quote(program)} ${kind === undefined ? "is not there" : "cannot be executed"}`,
    spec,
  );
}
