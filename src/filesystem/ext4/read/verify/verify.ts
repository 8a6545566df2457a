/** Checks a whole filesystem, without changing anything, for what e2fsck would find in it. */

import { Docker2vmError } from "../../../../errors.ts";
import type { Steps } from "../../../../waiting/steps.ts";
import { Findings } from "../../../reading/findings.ts";
import type { ImageReader } from "../../../reading/image.ts";
import type { Verification } from "../../../reading/verification.ts";
import { type FeatureName, isFeatureName } from "../features.ts";
import { type Recovered, recover } from "../journal/recover.ts";
import { checkBitmaps } from "./bitmaps.ts";
import { Check } from "./check.ts";
import { checkDirectories } from "./directories.ts";
import { checkGroups } from "./groups.ts";
import { checkInodes } from "./inodes.ts";
import { checkLinks } from "./links.ts";
import { checkMmp } from "./mmp.ts";
import { checkReservedInodes } from "./reserved-inodes.ts";
import { checkSuperblock } from "./superblock.ts";
import { checkSharing } from "./xattr-sharing.ts";

/** With these, blocks are shared or kept in ways that this check does not follow. */
const NOT_CHECKED: ReadonlySet<string> = new Set<FeatureName>([
  "bigalloc",
  "shared_blocks",
  "lazy_bg",
  "exclude_bitmap",
  "has_snapshot",
  "replica",
]);

/**
 * Checks superblock, descriptors, bitmaps, inodes, mappings, attributes, directories, links and the journal's head,
 * checksums first, all as after a replay of the journal. Time and memory are bounded by what the image really holds,
 * whatever it says. Contents of files and of quota files are not checked. Throws E_UNSUPPORTED for features that
 * cannot be checked, E_NEEDS_RECOVERY for a journal that this program does not replay, and E_IO.
 */
export function* verify(image: ImageReader): Steps<Verification> {
  const findings = new Findings();
  const recovered = yield* recoverVolume(image, findings);
  const check = recovered === undefined ? undefined : yield* runPasses(recovered, findings);
  return {
    findings: findings.list,
    more: findings.more,
    inodes: check?.inodes.count ?? 0,
    directories: check?.directories.length ?? 0,
    ...(recovered?.replay === undefined ? {} : { replay: recovered.replay }),
  };
}

function* recoverVolume(image: ImageReader, findings: Findings): Steps<Recovered | undefined> {
  let recovered: Recovered | undefined;
  yield* findings.attemptSteps(
    (function* () {
      recovered = yield* recover(image);
    })(),
  );
  const features: readonly string[] = [...(recovered?.volume.superblock.features ?? [])];
  const unchecked = features.find((name) => NOT_CHECKED.has(name) || !isFeatureName(name));
  if (unchecked === undefined) return recovered;
  throw new Docker2vmError("E_UNSUPPORTED", `a filesystem with the feature ${unchecked} cannot be checked`, {
    hint: "check it with e2fsck -fn",
  });
}

/** Later passes trust what earlier ones saw; a pass that is not reached has nothing left to stand on. */
function* runPasses({ volume, replay }: Recovered, findings: Findings): Steps<Check> {
  const check = new Check(volume, findings, replay !== undefined);
  yield* checkSuperblock(check);
  if (!(yield* checkGroups(check))) return check;
  if (volume.has("mmp")) checkMmp(check);
  yield* checkInodes(check);
  yield* checkReservedInodes(check);
  yield* checkSharing(check);
  yield* checkDirectories(check);
  if (check.namesAreComplete) yield* checkLinks(check);
  yield* checkBitmaps(check);
  return check;
}
