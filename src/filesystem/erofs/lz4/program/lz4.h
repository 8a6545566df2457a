/**
 * What is called from outside. A block is made of the input from `input` on, `length` bytes at most: of as many as go
 * into `limit` bytes, in whole multiples of `step` or all. Returns the size of the block, 0 where not even one step fits.
 * What it is depends on the input alone, so that one image has the same bytes wherever it is made.
 */
#pragma once
#include <stdint.h>

/** Takes the first match there is, as the reference's fast mode does. */
uint32_t compress_fast(const uint8_t *input, uint32_t length, uint32_t step, uint32_t limit, uint8_t *output);

/**
 * Takes the longest of many matches, `attempts` at most for each place, and a longer one that begins a place later
 * instead: slower, and smaller by an eighth.
 */
uint32_t compress_by_chains(const uint8_t *input, uint32_t length, uint32_t step, uint32_t limit, uint8_t *output,
                            uint32_t attempts);

/** Bytes of input that the last block stands for. */
uint32_t taken(void);

extern uint32_t last_taken;
