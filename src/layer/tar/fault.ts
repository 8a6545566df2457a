import { Docker2vmError } from "../../errors.ts";
import { quotePath } from "../../tar/fault.ts";

/** E_BAD_LAYER that says where: the layer, the entry (where one is known) and the header's byte in the tar. */
export function badLayer(layer: string, what: string, offset: number, path?: string): Docker2vmError {
  const where = path === undefined ? layer : `${layer}: ${quotePath(path)}`;
  return new Docker2vmError("E_BAD_LAYER", `${where}: ${what} (at byte ${offset} of the tar)`, {
    hint: "the layer was written wrongly or is damaged: rebuild the image, or pull it again",
  });
}
