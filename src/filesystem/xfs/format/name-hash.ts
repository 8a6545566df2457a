/** The hash of a name in a directory or of an attribute (xfs_da_hashname); one character a byte. */
export function nameHash(name: string): number {
  const whole = name.length - (name.length % 4);
  let hash = 0;
  let at = 0;
  for (; at < whole; at += 4) {
    const word =
      (name.charCodeAt(at) << 21) ^
      (name.charCodeAt(at + 1) << 14) ^
      (name.charCodeAt(at + 2) << 7) ^
      name.charCodeAt(at + 3);
    hash = word ^ rotateLeft(hash, 28);
  }
  let rest = 0;
  for (; at < name.length; at++) rest = (rest << 7) ^ name.charCodeAt(at);
  const left = name.length - whole;
  return (left === 0 ? hash : rest ^ rotateLeft(hash, 7 * left)) >>> 0;
}

function rotateLeft(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}
