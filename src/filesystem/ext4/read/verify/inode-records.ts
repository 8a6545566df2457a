/** What a check remembers of inodes in use, by number: seven bytes of each. */

import type { Steps } from "../../../../waiting/steps.ts";
import type { FileType } from "../../../reading/filesystem.ts";
import { FILE_TYPE } from "../../format/directory.ts";

/** Inodes of a page. A page is there only if one of its inodes is in use, so memory is bounded by what the image holds. */
const PAGE = 1024;
const IN_USE = 0x80;
const TYPE = 0x7f;

const TYPES: readonly (FileType | undefined)[] = typesByCode();

function typesByCode(): (FileType | undefined)[] {
  const types: (FileType | undefined)[] = [undefined];
  for (const [type, code] of Object.entries(FILE_TYPE)) types[code] = type as FileType;
  return types;
}

interface Page {
  /** The number of its first inode. */
  readonly first: number;
  /** For each inode IN_USE with the code of its type (0: none that there is), or 0. */
  readonly types: Uint8Array;
  readonly links: Uint16Array;
  /** Names in directories: "." and ".." count too. */
  readonly names: Uint32Array;
}

export class InodeRecords {
  /** Inodes in use. */
  count = 0;
  readonly #pages = new Map<number, Page>();
  /** The page that was asked for last. */
  #last: Page | undefined;

  /** Notes an inode in use, once each. */
  add(number: number, type: FileType | undefined, links: number): void {
    const page = this.#pageOf(number) ?? this.#addPage(number);
    const at = number % PAGE;
    page.types[at] = IN_USE | (type === undefined ? 0 : FILE_TYPE[type]);
    page.links[at] = links;
    this.count++;
  }

  has(number: number): boolean {
    return ((this.#pageOf(number)?.types[number % PAGE] ?? 0) & IN_USE) !== 0;
  }

  /** Undefined also for an inode that is not in use. */
  typeOf(number: number): FileType | undefined {
    return TYPES[(this.#pageOf(number)?.types[number % PAGE] ?? 0) & TYPE];
  }

  /** Counts a name of an inode. Of one that is not in use nobody asks how many it has. */
  countName(number: number): void {
    const page = this.#pageOf(number);
    if (page !== undefined) page.names[number % PAGE] = (page.names[number % PAGE] ?? 0) + 1;
  }

  /** Calls `use` for each inode in use, in the order in which they were added where that was ascending. */
  *each(
    use: (number: number, type: FileType | undefined, links: number, names: number) => void,
  ): Steps<void> {
    for (const { first, types, links, names } of this.#pages.values()) {
      yield;
      for (let at = 0; at < PAGE; at++) {
        const type = types[at] ?? 0;
        if (type !== 0) use(first + at, TYPES[type & TYPE], links[at] ?? 0, names[at] ?? 0);
      }
    }
  }

  #pageOf(number: number): Page | undefined {
    const first = number - (number % PAGE);
    if (this.#last?.first === first) return this.#last;
    const page = this.#pages.get(first);
    if (page !== undefined) this.#last = page;
    return page;
  }

  #addPage(number: number): Page {
    const page = {
      first: number - (number % PAGE),
      types: new Uint8Array(PAGE),
      links: new Uint16Array(PAGE),
      names: new Uint32Array(PAGE),
    };
    this.#pages.set(page.first, page);
    return page;
  }
}
