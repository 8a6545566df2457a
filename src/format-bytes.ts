const UNITS: readonly string[] = ["", "K", "M", "G", "T"];

/** Bytes for a reader: "512 B", "31.2 MiB". */
export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  const power = powerOf(bytes);
  return inTenths(Math.round((bytes * 10) / 1024 ** power), power);
}

/** The unit in which bytes are told: how many times 1024. */
export function powerOf(bytes: number): number {
  return Math.min(Math.floor(Math.log2(bytes) / 10), UNITS.length - 1);
}

/** "31.2 MiB", for 312 and 2. */
export function inTenths(tenths: number, power: number): string {
  return `${(tenths / 10).toFixed(1)} ${UNITS[power]}iB`;
}
