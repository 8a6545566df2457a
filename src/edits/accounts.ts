/** Users and groups by the image's own files. */
import { type GroupEntry, type PasswdEntry, parseGroup, parsePasswd } from "../profile/launcher/accounts.ts";
import { asBytes } from "../profile/shell-words.ts";
import { findPlace } from "../tree/resolve.ts";
import { accountNumber } from "./account-number.ts";
import { conflict } from "./conflict.ts";
import type { Account } from "./edit.ts";
import type { EditedImage } from "./edited-image.ts";

/** Larger files are taken as missing: no accounts of an image's own are in such. */
const LIMIT = 4 << 20;

/** A user's account as a login needs it. */
export type Login = Pick<PasswdEntry, "uid" | "gid" | "home">;

/** What root is where nothing is said of it. */
const ROOT: Login = { uid: 0, gid: 0, home: "/root" };

/** The number of a user. Throws E_EDIT_CONFLICT for a name that the image does not have. */
export async function userId(image: EditedImage, user: Account): Promise<number> {
  const number = user === "root" ? ROOT.uid : accountNumber(user);
  return number ?? found(await users(image), String(user), "/etc/passwd", "user").uid;
}

/** The same of a group. */
export async function groupId(image: EditedImage, group: Account): Promise<number> {
  const number = group === "root" ? ROOT.gid : accountNumber(group);
  return number ?? found(await groups(image), String(group), "/etc/group", "group").gid;
}

/** Who logs in by that name or number. Throws E_EDIT_CONFLICT for who has no account, or no home. */
export async function login(image: EditedImage, user: string): Promise<Login> {
  const accounts = await users(image);
  const uid = accountNumber(user);
  if (uid === undefined && user === "root" && !accounts.some(({ name }) => name === user)) return ROOT;
  const byNumber = uid === undefined ? undefined : accounts.find((entry) => entry.uid === uid)?.name;
  const account = found(accounts, byNumber ?? user, "/etc/passwd", "user");
  if (account.home.startsWith("/")) return account;
  throw conflict(`the user ${user} has no home`, "its line in /etc/passwd of the image names none");
}

function found<Entry extends { readonly name: string }>(
  entries: readonly Entry[],
  name: string,
  file: string,
  what: string,
): Entry {
  const entry = entries.find((each) => each.name === asBytes(name));
  if (entry !== undefined) return entry;
  throw conflict(
    `${file} of the image has no ${what} ${JSON.stringify(name)}`,
    `give a number, or a ${what} that is there`,
  );
}

async function users(image: EditedImage): Promise<PasswdEntry[]> {
  return parsePasswd(await text(image, "/etc/passwd"));
}

async function groups(image: EditedImage): Promise<GroupEntry[]> {
  return parseGroup(await text(image, "/etc/group"));
}

async function text(image: EditedImage, path: string): Promise<string> {
  const file = findPlace(image.root, path)?.inode;
  if (file?.type !== "file" || file.size > LIMIT) return "";
  return Buffer.from(await image.read(file)).toString("latin1");
}
