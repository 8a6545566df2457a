#include "report.h"
#include <stdarg.h>
#include "system.h"
#include "text.h"

#define LINE_BYTES 2048

static void (*end)(int status) = exit_process;

void end_failures_by(void (*how)(int status)) { end = how; }

struct line {
  char text[LINE_BYTES];
  size_t size;
};

/** Whatever a name holds, the line stays one line. What is too long is cut. */
static void add(struct line *line, const char *part) {
  for (; *part != '\0' && line->size < LINE_BYTES - 1; part++) {
    line->text[line->size++] = (unsigned char)*part < ' ' || *part == '\177' ? '?' : *part;
  }
}

static void say_all(const char *first, va_list more) {
  struct line line;
  line.size = 0;
  add(&line, "docker2vm: ");
  for (const char *part = first; part != NULL; part = va_arg(more, const char *)) add(&line, part);
  line.text[line.size++] = '\n';
  system_call(write, 2, line.text, line.size);
}

void say(const char *first, ...) {
  va_list more;
  va_start(more, first);
  say_all(first, more);
  va_end(more);
}

void fail(const char *first, ...) {
  va_list more;
  va_start(more, first);
  say_all(first, more);
  va_end(more);
  end(STATUS_FAILED);
  exit_process(STATUS_FAILED);
}

void fail_with(int status, const char *first, ...) {
  va_list more;
  va_start(more, first);
  say_all(first, more);
  va_end(more);
  end(status);
  exit_process(status);
}

const char *error_text(long result) {
  static char unknown[] = ": error                     ";
  switch (-result) {
    case EPERM: return ": Operation not permitted";
    case ENOENT: return ": No such file or directory";
    case EIO: return ": Input/output error";
    case ENXIO: return ": No such device or address";
    case E2BIG: return ": Argument list too long";
    case ENOEXEC: return ": Exec format error";
    case ENOMEM: return ": Out of memory";
    case EACCES: return ": Permission denied";
    case EBUSY: return ": Device or resource busy";
    case EEXIST: return ": File exists";
    case ENODEV: return ": No such device";
    case ENOTDIR: return ": Not a directory";
    case EISDIR: return ": Is a directory";
    case EINVAL: return ": Invalid argument";
    case EFBIG: return ": File too large";
    case ENOSPC: return ": No space left on device";
    case EROFS: return ": Read-only file system";
    case ENAMETOOLONG: return ": File name too long";
    case ENOSYS: return ": Function not implemented";
    case ELOOP: return ": Too many levels of symbolic links";
    case ENETUNREACH: return ": Network is unreachable";
  }
  char digits[NUMBER_BYTES];
  char *to = unknown + sizeof ": error " - 1;
  for (const char *from = number_text((uint64_t)-result, digits); *from != '\0';) *to++ = *from++;
  *to = '\0';
  return unknown;
}
