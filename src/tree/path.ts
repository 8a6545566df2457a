import { Docker2vmError } from "../errors.ts";

/** Longest name in a directory, in bytes (NAME_MAX in the kernel's limits.h). */
export const NAME_MAX = 255;

/**
 * A path of a layer as its components below the root: "/", "." and empty parts dropped, ".." resolved. The root
 * itself has none. Refuses what cannot be in a filesystem, and what would leave the root, as `layer`'s fault.
 */
export function pathComponents(path: string, layer: string): string[] {
  const components: string[] = [];
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part === "..") {
      if (components.pop() === undefined) throw badPath(layer, path, "leaves the image's root");
      continue;
    }
    if (part.length > NAME_MAX)
      throw badPath(layer, path, `has a name of ${part.length} bytes: at most ${NAME_MAX} fit`);
    if (part.includes("\0")) throw badPath(layer, path, "has a NUL byte in a name");
    components.push(part);
  }
  return components;
}

/** A path for a message: bytes read as UTF-8 where they are, control characters made visible, length bounded. */
export function displayPath(path: string): string {
  const text = Buffer.from(path, "latin1").toString("utf8");
  const visible = text.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (c) => `\\u{${(c.codePointAt(0) ?? 0).toString(16)}}`,
  );
  return visible.length <= 200 ? visible : `${visible.slice(0, 120)}…${visible.slice(-60)}`;
}

function badPath(layer: string, path: string, what: string): Docker2vmError {
  return new Docker2vmError("E_BAD_LAYER", `${layer}: the path '${displayPath(path)}' ${what}`);
}
