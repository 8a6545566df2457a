#include "disks.h"
#include <linux/time_types.h>
#include "files.h"
#include "report.h"
#include "system.h"

/** Times are in tenths of a second. */
#define TENTH_OF_A_SECOND 100000000
#define WORTH_A_WORD 10
#define PATIENCE 100

bool disk_appears(const char *disk, bool for_ever) {
  for (int tenths = 0; !is_there(disk); tenths++) {
    if (tenths == WORTH_A_WORD) say("waiting for the disk ", disk, NULL);
    if (tenths >= PATIENCE && !for_ever) return false;
    struct __kernel_timespec pause = {.tv_nsec = TENTH_OF_A_SECOND};
    system_call(nanosleep, &pause, NULL);
  }
  return true;
}
