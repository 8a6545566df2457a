/** Bytes that are read and written by fours and eights, at any place. */
#pragma once
#include <stdint.h>

static inline uint32_t word_at(const uint8_t *at) {
  uint32_t word;
  __builtin_memcpy(&word, at, sizeof word);
  return word;
}

static inline uint64_t two_words_at(const uint8_t *at) {
  uint64_t words;
  __builtin_memcpy(&words, at, sizeof words);
  return words;
}

static inline void put_two_words(uint8_t *at, uint64_t words) {
  __builtin_memcpy(at, &words, sizeof words);
}

/** A hash of `bits` bits of four bytes; the factor is 2^32 divided by the golden ratio. */
static inline uint32_t hash_of(uint32_t word, uint32_t bits) {
  return word * 2654435761u >> (32 - bits);
}

/** The same of the first six of eight bytes; the factor is 2^64 divided by the golden ratio. */
static inline uint32_t hash_of_six(uint64_t words, uint32_t bits) {
  return (uint32_t)((words << 16) * 0x9e3779b97f4a7c15u >> (64 - bits));
}

/** How many of eight bytes are the same from the first on, by the difference of all. */
static inline uint32_t same_bytes(uint64_t difference) {
  return difference == 0 ? 8 : (uint32_t)__builtin_ctzll(difference) >> 3;
}

/** Where the bytes from `at` on cease to be those `distance` before them, `last` at the latest. Reads up to seven more. */
static inline uint32_t match_end(const uint8_t *input, uint32_t at, uint32_t distance, uint32_t last) {
  for (; at < last; at += 8) {
    uint64_t difference = two_words_at(input + at) ^ two_words_at(input + at - distance);
    if (difference == 0) continue;
    at += same_bytes(difference);
    break;
  }
  return at < last ? at : last;
}
