#include "ending.h"
#include "lz4.h"

#define HASH_BITS 13
/** After 2 to this many misses in a row places are passed over, more and more: what does not shrink costs little. */
#define PATIENCE_BITS 6

/**
 * For each hash of four bytes the low 16 bits of the place where it was seen last: as matches are nearer than 64 KiB,
 * they say all.
 */
static uint16_t places[1 << HASH_BITS];

/** The place where the word's hash was seen last, or one that has another word; the word is seen at `at` now. */
static inline uint32_t seen(uint32_t word, uint32_t at) {
  uint16_t *place = &places[hash_of(word, HASH_BITS)];
  uint32_t back = at - ((at - *place) & MAX_DISTANCE);
  *place = (uint16_t)at;
  return back;
}

/** Whether the word at `at` is the one at `back`, which is a place before it. */
static inline bool matches(const uint8_t *input, uint32_t back, uint32_t at, uint32_t word) {
  return back < at && (int32_t)back >= 0 && word_at(input + back) == word;
}

uint32_t compress_fast(const uint8_t *input, uint32_t length, uint32_t step, uint32_t limit, uint8_t *output) {
  const struct bounds bounds = {input, length, step, limit};
  struct ending ending = begin_ending(&bounds);
  const int32_t last_start = (int32_t)(length - MATCH_BORDER);
  const uint32_t last_end = length - LAST_LITERALS;
  uint32_t size = 0;
  uint32_t done = 0;
  uint32_t at = 1;
  __builtin_memset(places, 0, sizeof places);
  for (;;) {
    uint32_t back;
    for (uint32_t next = at, misses = 1 << PATIENCE_BITS;; misses++) {
      at = next;
      next += misses >> PATIENCE_BITS;
      if ((int32_t)next > last_start) goto ended;
      uint32_t word = word_at(input + at);
      back = seen(word, at);
      if (matches(input, back, at, word)) break;
    }
    // Right behind a match there is often another one.
    for (;;) {
      while (at > done && back > 0 && input[at - 1] == input[back - 1]) at--, back--;
      struct match match = {at, at - back, match_end(input, at + MIN_MATCH, at - back, last_end)};
      if ((int32_t)match.end > ending.reach && !settle(&ending, size, done, match)) goto ended;
      if (size + match.start - done > limit) goto ended;
      size = (uint32_t)(put_sequence(input, done, match, output + size) - output);
      done = at = match.end;
      if ((int32_t)at > last_start) goto ended;
      places[hash_of(word_at(input + at - 2), HASH_BITS)] = (uint16_t)(at - 2);
      uint32_t word = word_at(input + at);
      back = seen(word, at);
      if (!matches(input, back, at, word)) break;
    }
    at++;
  }
ended:
  size = finish(&ending, output, size, done);
  last_taken = ending.taken;
  return size;
}
