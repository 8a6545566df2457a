/** Texts that end in NUL, and lists of them. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

size_t length(const char *text);
bool same(const char *a, const char *b);

/** A space, or what counts as one: tab, newline, vertical tab, form feed, carriage return. */
bool is_blank(char character);

/** What follows `prefix` in `text`; NULL where it does not begin with that. */
const char *after(const char *prefix, const char *text);

/** Whether the whole of `text` is one number that fits: decimal, or hexadecimal after 0x. */
bool parse_number(const char *text, uint64_t *number);

/** Decimal digits. */
#define NUMBER_BYTES 21
const char *number_text(uint64_t number, char buffer[NUMBER_BYTES]);

/** A growing list; `items` always ends in NULL, as argv and envp do. */
struct words {
  const char **items;
  size_t count;
  size_t room;
};

void add_word(struct words *words, const char *word);

/** Adds what lies between blanks. The text is cut up. */
void add_split(struct words *words, char *text);

/** A new text of these, one behind the other. */
const char *joined(const char *a, const char *b, const char *c);
