/** Documents that are hung at an artifact: read from files. */
import { open } from "node:fs/promises";
import { basename } from "node:path";
import { Docker2vmError } from "../errors.ts";
import { absolutePath } from "../machine.ts";
import { quote } from "../oci/quote.ts";
import type { Referrer } from "../referrer/push-referrer.ts";
import { whyUnreadable } from "../system-errors.ts";
import { isPlainName } from "./manifest.ts";

/** A file that says something of what is pushed: a list of packages, a report. */
export interface Attachment {
  readonly file: string;
  /** "application/spdx+json" */
  readonly mediaType: string;
}

/** Bytes of a document: it is in memory as a whole. */
export const ATTACHMENT_LIMIT = 64 << 20;
/** RFC 6838, section 4.2. */
const MEDIA_TYPE = /^[a-zA-Z0-9][\w!#$&^.+-]{0,126}\/[a-zA-Z0-9][\w!#$&^.+-]{0,126}$/;

/** Reads all of them. Throws E_USAGE for what cannot be hung there, and E_IO. */
export async function readAttachments(
  attachments: readonly Attachment[],
): Promise<readonly (Referrer & { readonly title: string })[]> {
  const titles = attachments.map(({ file }) => basename(file));
  const twice = titles.find((title, i) => titles.indexOf(title) < i);
  if (twice !== undefined) {
    throw unusable(`two of them are called ${quote(twice)}`, "give each document a name of its own");
  }
  return Promise.all(attachments.map(readAttachment));
}

async function readAttachment({ file, mediaType }: Attachment) {
  const title = basename(file);
  if (!isPlainName(title)) {
    throw unusable(`${quote(title)} is no name for others`, "name a file that is neither hidden nor odd");
  }
  if (!MEDIA_TYPE.test(mediaType)) {
    throw unusable(
      `${quote(mediaType)} is not a media type`,
      "one is TYPE/SUBTYPE, as application/spdx+json",
    );
  }
  return { mediaType, bytes: await readWhole(absolutePath(file)), title, annotations: {} };
}

async function readWhole(path: string): Promise<Uint8Array> {
  try {
    const file = await open(path);
    try {
      const { size } = await file.stat();
      if (size <= ATTACHMENT_LIMIT) return await file.readFile();
      throw unusable(
        `${path} has ${size} bytes, more than ${ATTACHMENT_LIMIT}`,
        "what is larger is no document: push it as an artifact of its own",
      );
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof Docker2vmError) throw error;
    throw new Docker2vmError("E_IO", `what is to be attached: ${path}: ${whyUnreadable(error)}`, {
      hint: "name a file that is there, before its media type",
      cause: error,
    });
  }
}

function unusable(what: string, hint: string): Docker2vmError {
  return new Docker2vmError("E_USAGE", `what is to be attached: ${what}`, { hint });
}
