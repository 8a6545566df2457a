/** What a block consists of, and how much room it takes. */
#pragma once
#include "format.h"
#include "words.h"

/** A match: the input's bytes from `start` to `end` are those that lie `distance` before them. */
struct match {
  uint32_t start;
  uint32_t distance;
  uint32_t end;
};

static inline uint32_t length_size(uint32_t length) {
  return length < TOKEN_MOST ? 0 : 1 + (length - TOKEN_MOST) / LENGTH_MORE;
}

static inline uint32_t last_literals_size(uint32_t literals) {
  return 1 + length_size(literals) + literals;
}

static inline uint32_t sequence_size(uint32_t literals, uint32_t match) {
  return 1 + length_size(literals) + literals + 2 + length_size(match - MIN_MATCH);
}

static inline uint32_t in_token(uint32_t length) {
  return length < TOKEN_MOST ? length : TOKEN_MOST;
}

/** Writes what the token does not say of a length, and returns where that ends. */
static inline uint8_t *put_length(uint8_t *to, uint32_t length) {
  if (length < TOKEN_MOST) return to;
  uint32_t rest = length - TOKEN_MOST;
  for (; rest >= LENGTH_MORE; rest -= LENGTH_MORE) *to++ = LENGTH_MORE;
  *to++ = (uint8_t)rest;
  return to;
}

/** Copies sixteen bytes. */
static inline void put_four_words(uint8_t *to, const uint8_t *from) {
  put_two_words(to, two_words_at(from));
  put_two_words(to + 8, two_words_at(from + 8));
}

/**
 * Writes the literals from `done` on and the match, and returns where the sequence ends. Up to sixteen bytes behind the
 * literals are read, and as many behind the sequence overwritten.
 */
static inline uint8_t *put_sequence(const uint8_t *input, uint32_t done, struct match match, uint8_t *to) {
  uint32_t literals = match.start - done;
  uint32_t length = match.end - match.start - MIN_MATCH;
  *to++ = (uint8_t)(in_token(literals) << 4 | in_token(length));
  const uint8_t *from = input + done;
  if (literals < TOKEN_MOST) {
    put_four_words(to, from);
  } else {
    to = put_length(to, literals);
    for (uint32_t i = 0; i < literals; i += 16) put_four_words(to + i, from + i);
  }
  to += literals;
  *to++ = (uint8_t)match.distance;
  *to++ = (uint8_t)(match.distance >> 8);
  return put_length(to, length);
}

/** Writes the block's last literals, from `done` to `end`, and returns where the block ends. */
static inline uint8_t *put_last_literals(const uint8_t *input, uint32_t done, uint32_t end, uint8_t *to) {
  uint32_t literals = end - done;
  *to++ = (uint8_t)(in_token(literals) << 4);
  to = put_length(to, literals);
  __builtin_memcpy(to, input + done, literals);
  return to + literals;
}
