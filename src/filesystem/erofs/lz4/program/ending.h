/**
 * Where a block ends: at the last border of the input whose block keeps to the limit. At each border that a match
 * reaches it is settled what would have to be written if it were the last one; what is written later lies behind all
 * that, and can be taken back.
 */
#pragma once
#include <stdbool.h>
#include "sequence.h"

/** What ends no nearer to a border begins no nearer to it than a match may. */
#define NEAR (MATCH_BORDER - MIN_MATCH)

/** What a block is to be of. */
struct bounds {
  const uint8_t *input;
  /** Bytes of input at most. */
  uint32_t length;
  /** The input may end at whole multiples of this, and at `length`. */
  uint32_t step;
  /** Most bytes of the block. */
  uint32_t limit;
};

struct ending {
  const struct bounds *bounds;
  uint32_t border;
  /** A match that ends behind this must be settled before it is written: it ends or begins too near to a border. */
  int32_t reach;
  /** The block that ends at `taken` if after `size` bytes, for the input up to `done`, the match comes, then literals. */
  uint32_t taken;
  uint32_t size;
  uint32_t done;
  bool has_match;
  struct match match;
};

static inline void next_border(struct ending *ending) {
  const struct bounds *bounds = ending->bounds;
  uint32_t next = ending->border + bounds->step;
  ending->border = next < bounds->length ? next : bounds->length;
  ending->reach = (int32_t)(ending->border - NEAR);
}

static inline struct ending begin_ending(const struct bounds *bounds) {
  struct ending ending = {.bounds = bounds};
  next_border(&ending);
  return ending;
}

/**
 * Settles the borders that a match reaches which is to follow after `size` bytes of output, for the input up to `done`.
 * False if one of them is too far: the block ends before it.
 */
static inline bool settle(struct ending *ending, uint32_t size, uint32_t done, struct match match) {
  const struct bounds *bounds = ending->bounds;
  while ((int32_t)match.end > ending->reach) {
    uint32_t border = ending->border;
    struct match last = match;
    if (last.end + LAST_LITERALS > border) last.end = border - LAST_LITERALS;
    bool is_match = match.start + MATCH_BORDER <= border && (int32_t)(last.end - last.start) >= (int32_t)MIN_MATCH;
    uint32_t more = is_match ? sequence_size(last.start - done, last.end - last.start) +
                                   last_literals_size(border - last.end)
                             : last_literals_size(border - done);
    if (size + more > bounds->limit) return false;
    ending->taken = border;
    ending->size = size;
    ending->done = done;
    ending->has_match = is_match;
    ending->match = last;
    if (border == bounds->length) break;
    next_border(ending);
  }
  return true;
}

/** Ends the block, of which `size` bytes of output stand for the input up to `done`; returns its size. */
static inline uint32_t finish(struct ending *ending, uint8_t *output, uint32_t size, uint32_t done) {
  const struct bounds *bounds = ending->bounds;
  while (size + last_literals_size(ending->border - done) <= bounds->limit) {
    ending->taken = ending->border;
    ending->size = size;
    ending->done = done;
    ending->has_match = false;
    if (ending->border == bounds->length) break;
    next_border(ending);
  }
  if (ending->taken == 0) return 0;
  uint8_t *to = output + ending->size;
  uint32_t from = ending->done;
  if (ending->has_match) {
    to = put_sequence(bounds->input, from, ending->match, to);
    from = ending->match.end;
  }
  return (uint32_t)(put_last_literals(bounds->input, from, ending->taken, to) - output);
}
