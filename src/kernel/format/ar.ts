/** The archive that a Debian package is (deb(5), ar.h): texts, padded with blanks. */

export const AR_MAGIC = "!<arch>\n";

/** struct ar_hdr. */
export const AR_HEADER = {
  ar_name: { offset: 0, width: 16 },
  ar_size: { offset: 48, width: 10 },
  ar_fmag: { offset: 58, width: 2 },
} as const;
export const AR_HEADER_SIZE = 60;
export const AR_FMAG = "`\n";
