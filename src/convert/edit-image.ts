/** Has an image edited between its layers and the filesystem. */
import type { EditMetadata } from "../edits/edit.ts";
import type { OpenEdits } from "../edits/open.ts";
import type { Timestamp } from "../tree/inode.ts";
import type { StreamedImage } from "./content-flow.ts";
import type { Conversion } from "./request.ts";
import type { Scratch } from "./with-image.ts";

/** What edits have made of an image. */
export interface EditedContents {
  /** sha256, hex, of all that they are and add. */
  readonly digest: string;
  readonly metadata: readonly EditMetadata[];
}

/** Finds and checks what the edits need from this machine; undefined where there are none. The caller closes it. */
export async function openEdits({ edits }: Pick<Conversion, "edits">): Promise<OpenEdits | undefined> {
  if (edits.length === 0) return undefined;
  // Loaded only here: most conversions change nothing.
  const engine = await import("../edits/open.ts");
  return engine.openEdits(edits);
}

interface Editing {
  readonly time: Timestamp;
  readonly request: Conversion;
  readonly scratch: Scratch;
}

/** Makes the edits, if there are any. Throws as applyEdits does. */
export async function editImage(
  edits: OpenEdits | undefined,
  { root, contents, flow }: StreamedImage,
  { time, request, scratch }: Editing,
): Promise<EditedContents | undefined> {
  if (edits === undefined) return undefined;
  const [{ applyEdits }, { describeEdit }] = await Promise.all([
    import("../edits/apply.ts"),
    import("../edits/describe.ts"),
  ]);
  const { signal, inflate, report } = request;
  const { memory, attributes, withStored, budget } = flow;
  const digest = await applyEdits(edits, {
    root,
    time,
    signal,
    inflate,
    memory,
    attributes,
    withStored,
    scratch,
    read: (file) => contents.read(file),
    newWriter: () => flow.newWriter(),
    nextArena: (least) => flow.lateArena(least),
    accept: (writer) => flow.acceptLate(writer),
    onBytes: (count) => budget.addBytes(count),
    onEntry: () => budget.addEntry(),
    onWarning: (message) => report({ type: "warning", message }),
  });
  return { digest, metadata: request.edits.map(describeEdit) };
}
