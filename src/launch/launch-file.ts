/** What starts an image in one machine monitor. */
export interface LaunchFile {
  /** Beside the image. */
  readonly name: string;
  readonly text: string;
  readonly executable: boolean;
  /** What starts the machine, in the folder that the file is in. */
  readonly command: readonly string[];
}
