#include "lz4.h"

uint32_t last_taken;

uint32_t taken(void) {
  return last_taken;
}
