import { Docker2vmError } from "../../errors.ts";

/** What is wrong with an entry, before it is known which layer, entry and byte it is about. */
export class TarFault extends Error {
  override readonly name = "TarFault";
}

/** E_BAD_LAYER that says where: the layer, the entry (where one is known) and the header's byte in the tar. */
export function badLayer(layer: string, what: string, offset: number, path?: string): Docker2vmError {
  const where = path === undefined ? layer : `${layer}: ${quotePath(path)}`;
  return new Docker2vmError("E_BAD_LAYER", `${where}: ${what} (at byte ${offset} of the tar)`, {
    hint: "the layer was written wrongly or is damaged: rebuild the image, or pull it again",
  });
}

const SHOWN = 200;

/** A path for a message: as text where it is text, control characters escaped, long ones cut. */
export function quotePath(path: string): string {
  const text = Buffer.from(path, "latin1").toString("utf8");
  return JSON.stringify(text.length <= SHOWN ? text : `${text.slice(0, SHOWN)}…`);
}
