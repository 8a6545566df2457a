#include "mapped-disk.h"
#include <linux/dm-ioctl.h>
#include "initramfs.h"
#include "memory.h"
#include "report.h"
#include "system.h"

#define CONTROL "/dev/" DM_DIR "/" DM_CONTROL_NODE
#define TABLE_BYTES 4096

/** NAME,UUID,MINOR,FLAGS,TABLE */
enum { NAME, UUID, MINOR, FLAGS, TABLE, FIELDS };

/** A request and behind it, of a table, its one target with that one's parameters. */
struct request {
  struct dm_ioctl head;
  struct dm_target_spec target;
  char parameters[TABLE_BYTES];
};

static _Noreturn void refuse(const char *what, const char *value) {
  fail("dm-mod.create= on the kernel command line: ", what, " ", value,
       "; it is NAME,UUID,MINOR,ro,0 SECTORS verity …", NULL);
}

static void copy_name(char *to, const char *name, size_t room) {
  if (length(name) >= room) refuse("too long:", name);
  memcpy(to, name, length(name) + 1);
}

static struct request *request_for(const char *name) {
  struct request *request = allocate(sizeof *request);
  request->head.version[0] = DM_VERSION_MAJOR;
  request->head.data_size = sizeof *request;
  request->head.data_start = sizeof request->head;
  copy_name(request->head.name, name, sizeof request->head.name);
  return request;
}

static long ask(long control, unsigned long command, struct request *request) {
  return system_call(ioctl, control, command, request);
}

/** Cuts off the text up to `end`, or all of it. */
static char *cut(char **text, char end) {
  char *part = *text;
  while (**text != end && **text != '\0') (*text)++;
  if (**text == end) *(*text)++ = '\0';
  return part;
}

static char *cut_word(char **text) {
  while (is_blank(**text)) (*text)++;
  return cut(text, ' ');
}

static uint64_t number_of(const char *text) {
  uint64_t number;
  if (!parse_number(text, &number)) refuse("no number:", text);
  return number;
}

/** The disks that the parameters name, which the kernel may still be looking for. */
static void wait_for_disks(const struct command_line *line, const char *parameters) {
  struct words words = {0};
  add_split(&words, (char *)joined(parameters, "", ""));
  for (size_t i = 0; i < words.count; i++) {
    if (after("/dev/", words.items[i]) != NULL) wait_for_disk(line, words.items[i]);
  }
}

static void load_table(const struct command_line *line, long control, char *fields[FIELDS]) {
  struct request *request = request_for(fields[NAME]);
  char *table = fields[TABLE];
  request->target.sector_start = number_of(cut_word(&table));
  request->target.length = number_of(cut_word(&table));
  copy_name(request->target.target_type, cut_word(&table), sizeof request->target.target_type);
  copy_name(request->parameters, table, TABLE_BYTES);
  wait_for_disks(line, table);
  request->head.target_count = 1;
  if (same(fields[FLAGS], "ro")) request->head.flags |= DM_READONLY_FLAG;
  long result = ask(control, DM_TABLE_LOAD, request);
  if (result < 0) {
    fail("the disk ", fields[NAME], " of dm-mod.create= cannot be mapped", error_text(result),
         "; the image may not be the one that the command line is for", NULL);
  }
}

void set_up_mapped_disk(const struct command_line *line) {
  const char *value = parameter(line, "dm-mod.create");
  if (value == NULL) value = parameter(line, "dm_mod.create");
  if (value == NULL) return;
  char *text = (char *)joined(value, "", "");
  char *fields[FIELDS];
  for (int i = 0; i < TABLE; i++) fields[i] = cut(&text, ',');
  fields[TABLE] = text;
  long control = system_call(openat, AT_FDCWD, CONTROL, O_RDWR | O_CLOEXEC, 0);
  if (control < 0) {
    fail("the kernel has no device mapper: " CONTROL, error_text(control),
         "; boot one that has dm-verity, or an initramfs with its modules", NULL);
  }
  struct request *request = request_for(fields[NAME]);
  copy_name(request->head.uuid, fields[UUID], sizeof request->head.uuid);
  if (*fields[MINOR] != '\0') {
    request->head.flags |= DM_PERSISTENT_DEV_FLAG;
    request->head.dev = number_of(fields[MINOR]);
  }
  long result = ask(control, DM_DEV_CREATE, request);
  // The kernel itself has made it.
  if (result == -EBUSY) return;
  if (result < 0) refuse("cannot be made:", fields[NAME]);
  load_table(line, control, fields);
  // What suspends also resumes.
  result = ask(control, DM_DEV_SUSPEND, request_for(fields[NAME]));
  if (result < 0) refuse("does not begin to work:", fields[NAME]);
  system_call(close, control);
}
