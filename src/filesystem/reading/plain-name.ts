/** Whether a name that an image holds is one inside its directory, wherever it is extracted. */
export function isPlainName(name: string): boolean {
  return name !== "" && name !== "." && name !== ".." && !/[/\0]/.test(name);
}
