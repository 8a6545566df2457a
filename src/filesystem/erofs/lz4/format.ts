/**
 * The LZ4 block format (doc/lz4_Block_format.md of the LZ4 project): sequences of a token, literals and a match. The
 * token's upper four bits are the number of literals, its lower four the match's length less four; 15 goes on in bytes
 * that are added up until one is below 255. A match is told by its distance backwards, two bytes, little-endian. The
 * last sequence has literals alone. The compressor has these numbers in program/format.h.
 */

/** Fewest bytes of a match. */
export const MIN_MATCH = 4;
/** Most that a match lies back. */
export const MAX_DISTANCE = 65_535;
/** The largest number that the token holds by itself, less one. */
export const TOKEN_MOST = 15;
/** A length byte after which there is another. */
export const LENGTH_MORE = 255;
