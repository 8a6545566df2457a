/**
 * The LZ4 block format (doc/lz4_Block_format.md of the LZ4 project): sequences of a token, literals and a match. The
 * token's upper four bits are the number of literals, its lower four the match's length less four; 15 goes on in bytes
 * that are added up until one is below 255. A match is told by its distance backwards, two bytes, little-endian. The
 * last sequence has literals alone.
 */
#pragma once

/** Fewest bytes of a match. */
#define MIN_MATCH 4u
/** Most that a match lies back. */
#define MAX_DISTANCE 65535u
/** The block's last bytes, which are always literals. */
#define LAST_LITERALS 5u
/** No match begins nearer to the end than this. */
#define MATCH_BORDER 12u
/** The largest number that the token holds by itself, and one more. */
#define TOKEN_MOST 15u
/** A length byte after which there is another. */
#define LENGTH_MORE 255u
