#include "ending.h"
#include "lz4.h"

#define HASH_BITS 15
#define WINDOW (MAX_DISTANCE + 1)

/** For each hash of four bytes the place behind the one where it was seen last; 0: nowhere. */
static uint32_t heads[1 << HASH_BITS];
/** For each place in the window, the distance to the one before with the same hash; MAX_DISTANCE: too far, or none. */
static uint16_t chain[WINDOW];

/** The places of a block's input that were seen so far. */
struct search {
  const uint8_t *input;
  uint32_t last_end;
  int32_t last_start;
  uint32_t attempts;
  /** First place that is not in the chains. */
  uint32_t next;
};

static void insert_before(struct search *search, uint32_t end) {
  uint32_t last = (int32_t)end <= search->last_start ? end : (uint32_t)(search->last_start + 1);
  for (; (int32_t)search->next < (int32_t)last; search->next++) {
    uint32_t at = search->next;
    uint32_t hash = hash_of(word_at(search->input + at), HASH_BITS);
    uint32_t distance = at + 1 - heads[hash];
    chain[at % WINDOW] = (uint16_t)(distance < MAX_DISTANCE ? distance : MAX_DISTANCE);
    heads[hash] = at + 1;
  }
}

/** Finds the longest match around `at` that begins at `done` or later, if it is longer than `least`. */
static bool longest(struct search *search, uint32_t at, uint32_t done, uint32_t least, struct match *best) {
  const uint8_t *input = search->input;
  insert_before(search, at);
  uint32_t word = word_at(input + at);
  uint32_t length = least;
  bool found = false;
  int32_t back = (int32_t)heads[hash_of(word, HASH_BITS)] - 1;
  for (uint32_t tries = search->attempts; tries > 0 && back >= 0 && at - (uint32_t)back <= MAX_DISTANCE; tries--) {
    uint32_t distance = at - (uint32_t)back;
    // What is longer has the byte behind the longest so far, too.
    bool may_be_longer = !found || input[best->end] == input[best->end - distance];
    if (word_at(input + back) == word && may_be_longer) {
      uint32_t end = match_end(input, at + MIN_MATCH, distance, search->last_end);
      uint32_t start = at;
      while (start > done && start > distance && input[start - 1] == input[start - 1 - distance]) start--;
      if (end - start > length) {
        length = end - start;
        *best = (struct match){start, distance, end};
        found = true;
      }
    }
    uint32_t further = chain[(uint32_t)back % WINDOW];
    if (further == MAX_DISTANCE) break;
    back -= (int32_t)further;
  }
  return found;
}

uint32_t compress_by_chains(const uint8_t *input, uint32_t length, uint32_t step, uint32_t limit, uint8_t *output,
                            uint32_t attempts) {
  const struct bounds bounds = {input, length, step, limit};
  struct ending ending = begin_ending(&bounds);
  const int32_t last_start = (int32_t)(length - MATCH_BORDER);
  struct search search = {input, length - LAST_LITERALS, last_start, attempts, 0};
  uint32_t size = 0;
  uint32_t done = 0;
  __builtin_memset(heads, 0, sizeof heads);
  for (uint32_t at = 0; (int32_t)at <= last_start;) {
    struct match match;
    bool found = longest(&search, at, done, MIN_MATCH - 1, &match);
    at++;
    if (!found) continue;
    for (; (int32_t)at <= last_start && at < match.end; at++) {
      struct match later;
      if (!longest(&search, at, done, match.end - match.start + 1, &later)) break;
      match = later;
    }
    if (!settle(&ending, size, done, match)) break;
    if (size + match.start - done > limit) break;
    size = (uint32_t)(put_sequence(input, done, match, output + size) - output);
    done = at = match.end;
  }
  size = finish(&ending, output, size, done);
  last_taken = ending.taken;
  return size;
}
