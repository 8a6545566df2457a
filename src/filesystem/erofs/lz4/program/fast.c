#include "ending.h"
#include "lz4.h"

#define HASH_BITS 14
/** After 2 to this many misses in a row places are passed over, more and more: what does not shrink costs little. */
#define PATIENCE_BITS 5

/**
 * For each hash of six bytes the low 16 bits of the place where it was seen last: as matches are nearer than 64 KiB, they
 * say all. Where one was never seen it is 0, which is a place like others. Six bytes and not four: matches are fewer and
 * longer, and each has its price in time.
 */
static uint16_t places[1 << HASH_BITS];

/** The place where the hash of these bytes was seen last, or one that has others; they are seen at `at` now. */
static inline uint32_t seen(uint64_t words, uint32_t at) {
  uint16_t *place = &places[hash_of_six(words, HASH_BITS)];
  uint32_t back = at - ((at - *place) & MAX_DISTANCE);
  *place = (uint16_t)at;
  return back;
}

/** Whether there is a match with a place before `at`, by the difference of eight bytes. */
static inline bool matches(uint64_t difference, uint32_t back, uint32_t at) {
  return (uint32_t)difference == 0 && back < at;
}

/** Where a match ends whose first eight bytes have this difference: most end within sixteen, and without a loop. */
static inline uint32_t end_of(const uint8_t *input, uint32_t at, uint32_t back, uint64_t difference, uint32_t last) {
  uint64_t further = two_words_at(input + at + 8) ^ two_words_at(input + back + 8);
  uint32_t same = difference != 0 ? same_bytes(difference) : 8 + same_bytes(further);
  if (same == 16) return match_end(input, at + 16, at - back, last);
  return at + same < last ? at + same : last;
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
    uint64_t difference;
    for (uint32_t next = at, misses = 1 << PATIENCE_BITS;; misses++) {
      at = next;
      next += misses >> PATIENCE_BITS;
      if ((int32_t)next > last_start) goto ended;
      uint64_t words = two_words_at(input + at);
      back = seen(words, at);
      difference = words ^ two_words_at(input + back);
      if (matches(difference, back, at)) break;
    }
    // Right behind a match there is often another one.
    for (;;) {
      uint32_t end = end_of(input, at, back, difference, last_end);
      while (at > done && back > 0 && input[at - 1] == input[back - 1]) at--, back--;
      struct match match = {at, at - back, end};
      if ((int32_t)match.end > ending.reach && !settle(&ending, size, done, match)) goto ended;
      if (size + match.start - done > limit) goto ended;
      size = (uint32_t)(put_sequence(input, done, match, output + size) - output);
      done = at = match.end;
      if ((int32_t)at > last_start) goto ended;
      places[hash_of_six(two_words_at(input + at - 2), HASH_BITS)] = (uint16_t)(at - 2);
      uint64_t words = two_words_at(input + at);
      back = seen(words, at);
      difference = words ^ two_words_at(input + back);
      if (!matches(difference, back, at)) break;
    }
    at++;
  }
ended:
  size = finish(&ending, output, size, done);
  last_taken = ending.taken;
  return size;
}
