/** Lines appended to files of an image. */
import type { Directory, Metadata, RegularFile } from "../tree/inode.ts";
import { changeMetadata } from "../tree/inode.ts";
import { displayPath } from "../tree/path.ts";
import type { Place } from "../tree/resolve.ts";
import { inTurns } from "../waiting/steps.ts";
import { login } from "./accounts.ts";
import { conflict, placeOf } from "./conflict.ts";
import type { HostEdit } from "./edit.ts";
import type { EditedImage } from "./edited-image.ts";
import { substitute } from "./owners-and-modes.ts";
import { folderMaker, makeFolder } from "./places.ts";
import { fileOf, madeBy } from "./stream-in.ts";

/** Larger ones are of no use to whoever reads them. */
const LIMIT = 4 << 20;
const LOCALHOST = "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n";

/** Appends a line to /etc/hosts. */
export async function addHost(image: EditedImage, { name, address }: HostEdit): Promise<void> {
  const found = await textAt(image, "/etc/hosts");
  const text = found.text === "" ? LOCALHOST : found.text;
  const metadata = found.file?.metadata ?? madeBy(image, 0o644);
  await write(image, found, `${text}${address}\t${name}\n`, metadata);
}

/** Appends keys to those by which a user may log in. */
export async function addKeys(image: EditedImage, keys: string, user: string): Promise<void> {
  const { uid, gid, home } = await login(image, user);
  const owner = { uid, gid };
  ownFolder(image, home, 0o755, owner);
  const path = `${home}/.ssh`;
  const folder = ownFolder(image, path, 0o700, owner);
  // It may have come with the image.
  changeMetadata(folder, { ...folder.metadata, mode: 0o700, uid, gid });
  const found = await textAt(image, `${path}/authorized_keys`);
  const metadata = { ...(found.file?.metadata ?? madeBy(image, 0o600)), mode: 0o600, uid, gid };
  await write(image, found, `${found.text}${keys}`, metadata);
}

/** The folder that the path leads to, made where there is none. */
function ownFolder(
  image: EditedImage,
  path: string,
  mode: number,
  owner: Pick<Metadata, "uid" | "gid">,
): Directory {
  const {
    inode,
    parent,
    name,
    path: end,
  } = placeOf(image.root, path, {
    follow: true,
    makeDirectory: folderMaker(image),
  });
  if (inode === undefined) return makeFolder(image, parent, name, madeBy(image, mode, owner));
  if (inode.type === "directory") return inode;
  throw conflict(`${displayPath(end)} is a ${inode.type}, and a folder is to be there`, "remove it before");
}

interface Found {
  readonly place: Place;
  readonly file: RegularFile | undefined;
  /** Bytes, one character each; the last line ended. */
  readonly text: string;
}

/** The file that the path leads to, as a shell's >> finds it. */
async function textAt(image: EditedImage, path: string): Promise<Found> {
  const place = placeOf(image.root, path, { follow: true, makeDirectory: folderMaker(image) });
  const { inode: file } = place;
  if (file === undefined) return { place, file, text: "" };
  const end = displayPath(place.path);
  if (file.type !== "file") throw conflict(`${end} is a ${file.type}, and no file`, "remove it before");
  if (file.size > LIMIT)
    throw conflict(`${end} has ${file.size} bytes`, `nothing is appended beyond ${LIMIT}`);
  const text = Buffer.from(await image.read(file)).toString("latin1");
  return { place, file, text: text === "" || text.endsWith("\n") ? text : `${text}\n` };
}

async function write(
  image: EditedImage,
  { place, file }: Found,
  text: string,
  metadata: Metadata,
): Promise<void> {
  const { time } = image;
  const changed = { ...metadata, mtime: time, atime: time, ctime: time };
  const made = await fileOf(image, Buffer.from(text, "latin1"), changed);
  if (file === undefined) place.parent.entries.set(place.name, made);
  else await inTurns(substitute(image.root, new Map([[file, made]])), image.signal);
}
