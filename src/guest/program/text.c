#include "text.h"
#include "memory.h"

/** Compilers make calls to these out of ordinary code. */
void *memcpy(void *restrict to, const void *restrict from, size_t count) {
  char *target = to;
  const char *source = from;
  for (size_t i = 0; i < count; i++) target[i] = source[i];
  return to;
}

void *memset(void *at, int value, size_t count) {
  volatile char *target = at;
  for (size_t i = 0; i < count; i++) target[i] = (char)value;
  return at;
}

size_t length(const char *text) {
  size_t count = 0;
  while (text[count] != '\0') count++;
  return count;
}

bool same(const char *a, const char *b) {
  while (*a != '\0' && *a == *b) {
    a++;
    b++;
  }
  return *a == *b;
}

bool is_blank(char character) { return character == ' ' || (character >= '\t' && character <= '\r'); }

const char *after(const char *prefix, const char *text) {
  for (; *prefix != '\0'; prefix++, text++) {
    if (*prefix != *text) return NULL;
  }
  return text;
}

static unsigned digit_value(char digit) {
  if (digit >= '0' && digit <= '9') return (unsigned)(digit - '0');
  if (digit >= 'a' && digit <= 'f') return (unsigned)(digit - 'a') + 10;
  return 99;
}

bool parse_number(const char *text, uint64_t *number) {
  const char *hexadecimal = after("0x", text);
  unsigned base = hexadecimal == NULL ? 10 : 16;
  if (hexadecimal != NULL) text = hexadecimal;
  if (*text == '\0') return false;
  uint64_t value = 0;
  for (; *text != '\0'; text++) {
    unsigned digit = digit_value(*text);
    if (digit >= base || value > (UINT64_MAX - digit) / base) return false;
    value = value * base + digit;
  }
  *number = value;
  return true;
}

const char *number_text(uint64_t number, char buffer[NUMBER_BYTES]) {
  char *digit = buffer + NUMBER_BYTES - 1;
  *digit = '\0';
  do {
    *--digit = (char)('0' + number % 10);
    number /= 10;
  } while (number > 0);
  return digit;
}

void add_word(struct words *words, const char *word) {
  if (words->count + 1 >= words->room) {
    size_t room = words->room == 0 ? 16 : words->room * 2;
    const char **items = allocate(room * sizeof *items);
    for (size_t i = 0; i < words->count; i++) items[i] = words->items[i];
    words->items = items;
    words->room = room;
  }
  words->items[words->count++] = word;
  words->items[words->count] = NULL;
}

void add_split(struct words *words, char *text) {
  for (;;) {
    while (is_blank(*text)) text++;
    if (*text == '\0') return;
    add_word(words, text);
    while (!is_blank(*text) && *text != '\0') text++;
    if (*text == '\0') return;
    *text++ = '\0';
  }
}

const char *joined(const char *a, const char *b, const char *c) {
  size_t sizes[] = {length(a), length(b), length(c)};
  char *text = allocate(sizes[0] + sizes[1] + sizes[2] + 1);
  memcpy(text, a, sizes[0]);
  memcpy(text + sizes[0], b, sizes[1]);
  memcpy(text + sizes[0] + sizes[1], c, sizes[2]);
  return text;
}
