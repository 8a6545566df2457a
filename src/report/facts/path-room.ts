/** Characters of one list's paths: what folders and two such lists have is not too long for one document. */
const MOST_CHARACTERS = 1 << 26;

/**
 * How many paths of files a list can have. Those written through a link to a deep folder are some characters each in a
 * tar, and thousands each in a report.
 */
export class PathRoom {
  #left: number;

  constructor(most = MOST_CHARACTERS) {
    this.#left = most;
  }

  /** Whether there is room for the path too: once there is none, there is none for any other. */
  takes(path: string): boolean {
    this.#left = path.length > this.#left ? -1 : this.#left - path.length;
    return this.#left >= 0;
  }
}
