/** The head of the journal. What is in it does not matter while nothing waits there. */

import type { Steps } from "../../../../waiting/steps.ts";
import { JOURNAL_COMPAT } from "../../format/journal.ts";
import { bitsOf, headFaults } from "../journal/head.ts";
import { readHead, readJournalFile } from "../journal/journal.ts";
import type { Check } from "./check.ts";

const WHERE = "journal";

export function* checkJournal(check: Check): Steps<void> {
  yield* check.findings.attemptSteps(checkFile(check));
}

function* checkFile({ volume, findings }: Check): Steps<void> {
  const file = yield* readJournalFile(volume);
  const head = readHead(volume, file);
  for (const fault of headFaults(head, volume.superblock.blockSize, file.blocks)) {
    findings.add(WHERE, fault);
  }
  const { fields, old } = head;
  const expect = (condition: boolean, what: string) => findings.expect(condition, WHERE, what);
  expect(fields.s_start === 0, "changes in it are not in place yet");
  expect(fields.s_errno === 0, "the kernel noted an error in it");
  if (old) return;
  expect(fields.s_nr_users <= 1, `${fields.s_nr_users} filesystems are said to use it`);
  expect((fields.s_feature_compat & ~bitsOf(JOURNAL_COMPAT)) === 0, "it has unknown compatible features");
}
