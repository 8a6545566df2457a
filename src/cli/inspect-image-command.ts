import type { ImageInspection, InspectedImage } from "../convert/inspect-image.ts";
import { type CommandLine, flag } from "./arguments.ts";
import { formatBytes } from "./bytes.ts";
import { withNamespace } from "./containerd-source.ts";
import type { Host } from "./host.ts";
import { printable } from "./printable.ts";
import { readingSettings } from "./reading-settings.ts";
import { chooseSource, settledSource } from "./source-choice.ts";
import { sourceSpec } from "./standard-input.ts";
import { workload } from "./summary.ts";

/** `docker2vm inspect-image SOURCE` */
export async function runInspectImage(line: CommandLine, host: Host): Promise<void> {
  const given = chooseSource("inspect-image", {}, line.words.slice(1));
  const chosen = await settledSource(given, (text) => host.stderr.write(`${printable(text)}\n`));
  const source = withNamespace(line, sourceSpec(chosen, "inspect-image -", host));
  const reading = await readingSettings(line, host, chosen);
  const { inspectImage } = await import("../convert/inspect-image.ts");
  const inspection = await inspectImage({
    source,
    ...reading,
  });
  await host.stdout.write(
    flag(line, "json") ? `${JSON.stringify(inspection, null, 2)}\n` : inspectionText(inspection),
  );
}

export function inspectionText({ reference, manifests, image }: ImageInspection): string {
  const lines = [`Image     ${reference}`];
  for (const { digest, platform } of manifests)
    lines.push(`Offers    ${platform ?? "no platform"} ${digest}`);
  lines.push(
    ...(image === undefined
      ? [`Platform  none that was asked for: ${whatElse(manifests)}`]
      : imageLines(image)),
  );
  return lines.map((text) => `${printable(text)}\n`).join("");
}

function whatElse(manifests: ImageInspection["manifests"]): string {
  const isChoice =
    manifests.length === 0 ||
    manifests.some(({ platform }) => platform === undefined || platform.startsWith("linux/"));
  const choice = isChoice ? "choose one with --platform" : "only linux images can be converted";
  return manifests.length > 1 ? choice : `${choice}; --any-platform shows what there is`;
}

function sizeText(bytes: number, digest: string | null, layers: number): string {
  if (digest === null) return formatBytes(bytes);
  return `${formatBytes(bytes)} in ${layers === 1 ? "1 layer" : `${layers} layers`}, as stored`;
}

function imageLines({ digest, platform, created, layers, storedBytes, runtime }: InspectedImage): string[] {
  return [
    `Platform  ${platform}`,
    `Digest    ${digest ?? "none but that of all files, which convert tells"}`,
    `Created   ${created ?? "not told"}`,
    `Size      ${storedBytes === null ? "not told" : sizeText(storedBytes, digest, layers.length)}`,
    ...layers.map((layer) => `Layer     ${layer.digest ?? layer.diffId} ${formatBytes(layer.size)}`),
    `Runs      ${workload(runtime)}`,
  ];
}
