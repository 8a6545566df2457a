import type { ChownEdit, Edit, EditMetadata } from "./edit.ts";

/** What `meta.json` says of an edit. */
export function describeEdit(edit: Edit): EditMetadata {
  const { type } = edit;
  switch (type) {
    case "add":
      return { type, path: edit.path, ...ownerOf(edit), ...modeOf(edit.mode) };
    case "add-tar":
      return { type };
    case "remove":
      return { type, path: edit.path };
    case "chown":
      return { type, path: edit.path, ...ownerOf(edit), ...(edit.recursive ? { recursive: true } : {}) };
    case "chmod":
      return { type, path: edit.path, ...modeOf(edit.mode) };
    case "symlink":
      return { type, path: edit.path, target: edit.target };
    case "host":
      return { type, name: edit.name, address: edit.address };
    case "ssh-key":
      return { type, user: edit.user ?? "root" };
  }
}

/** What messages call an edit: "edit 2 (chmod /etc/shadow)", counted from 1. */
export function editName(index: number, edit: Edit): string {
  const { type, path, name, user } = describeEdit(edit);
  const what = path ?? name ?? (type === "ssh-key" ? user : undefined);
  return `edit ${index + 1} (${what === undefined ? type : `${type} ${what}`})`;
}

function ownerOf({ user, group }: Pick<ChownEdit, "user" | "group">): Pick<EditMetadata, "user" | "group"> {
  return { ...(user === undefined ? {} : { user }), ...(group === undefined ? {} : { group }) };
}

function modeOf(mode: number | undefined): Pick<EditMetadata, "mode"> {
  return typeof mode !== "number" ? {} : { mode: mode.toString(8).padStart(4, "0") };
}
