#include "memory.h"
#include <linux/mman.h>
#include "report.h"
#include "system.h"

#define ALIGNMENT 16
/** Asked of the kernel at once; pages that are not touched cost nothing. */
#define CHUNK (64 * 1024)

static char *next;
static size_t left;

void *allocate(size_t size) {
  size = (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
  if (size > left) {
    size_t chunk = size > CHUNK ? size : CHUNK;
    long memory = system_call(mmap, 0, chunk, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory < 0 && memory > -PATH_BYTES) {
      fail("no memory is left", error_text(memory), "; give the machine more", NULL);
    }
    next = (char *)memory;
    left = chunk;
  }
  char *result = next;
  next += size;
  left -= size;
  return result;
}
