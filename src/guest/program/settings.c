/** The format is told in src/guest/config.ts, which writes it. */
#include "settings.h"
#include "files.h"
#include "report.h"

#define HEAD "ovms-init 1"
#define AGAIN "; convert the image again, with --profile init"

bool set_root_mode(struct settings *settings, const char *text) {
  const char *disk = after("overlay:", text);
  if (same(text, "rw")) {
    settings->root = ROOT_WRITABLE;
  } else if (same(text, "ro")) {
    settings->root = ROOT_AS_MOUNTED;
  } else if (same(text, "overlay") || (disk != NULL && *disk == '/')) {
    settings->root = ROOT_OVERLAY;
    settings->overlay_disk = disk;
  } else {
    return false;
  }
  return true;
}

bool set_scratch_folders(struct settings *settings, const char *text) {
  settings->scratch_folders = same(text, "on");
  return settings->scratch_folders || same(text, "off");
}

static bool set_limit(struct settings *settings, const char *value) {
  struct words parts = {0};
  add_split(&parts, (char *)value);
  struct limit *limit = &settings->limits[settings->limit_count];
  if (parts.count != 3 || settings->limit_count == LIMITS) return false;
  settings->limit_count++;
  return parse_number(parts.items[0], &limit->resource) && parse_number(parts.items[1], &limit->soft) &&
         parse_number(parts.items[2], &limit->hard);
}

/** False for what this version does not know. */
static bool set(struct settings *settings, const char *key, const char *value) {
  if (same(key, "entrypoint")) {
    add_word(&settings->entrypoint, value);
  } else if (same(key, "cmd")) {
    add_word(&settings->cmd, value);
  } else if (same(key, "env")) {
    add_word(&settings->environment, value);
  } else if (same(key, "workdir")) {
    settings->working_directory = value;
  } else if (same(key, "user")) {
    settings->user = value;
  } else if (same(key, "hostname")) {
    settings->hostname = value;
  } else if (same(key, "stop-signal")) {
    return parse_number(value, &settings->stop_signal);
  } else if (same(key, "stop-seconds")) {
    return parse_number(value, &settings->stop_seconds);
  } else if (same(key, "limit")) {
    return set_limit(settings, value);
  } else if (same(key, "root")) {
    return set_root_mode(settings, value);
  } else if (same(key, "ip")) {
    settings->network = value;
  } else if (same(key, "tmpfs")) {
    return set_scratch_folders(settings, value);
  } else if (same(key, "pid1")) {
    settings->reaps_orphans = same(value, "init");
    return settings->reaps_orphans || same(value, "workload");
  } else {
    return false;
  }
  return true;
}

/** The text at `*at`, which is moved behind its NUL; NULL where there is none. */
static const char *next_text(const struct bytes *file, size_t *at) {
  const char *text = file->data + *at;
  size_t end = *at;
  while (end < file->size && file->data[end] != '\0') end++;
  if (end >= file->size) return NULL;
  *at = end + 1;
  return text;
}

void read_settings(struct settings *settings) {
  *settings = (struct settings){
      .working_directory = "/",
      .user = "",
      .hostname = "localhost",
      .stop_signal = 15,
      .stop_seconds = 10,
      .scratch_folders = true,
  };
  struct bytes file;
  long result = read_file(CONFIGURATION_PATH, &file);
  if (result < 0) fail(CONFIGURATION_PATH " cannot be read", error_text(result), AGAIN, NULL);
  size_t at = 0;
  const char *head = next_text(&file, &at);
  if (head == NULL || !same(head, HEAD)) {
    fail(CONFIGURATION_PATH " is not of the format that this program reads, " HEAD, AGAIN, NULL);
  }
  for (;;) {
    const char *key = next_text(&file, &at);
    const char *value = key == NULL ? NULL : next_text(&file, &at);
    if (value == NULL) fail(CONFIGURATION_PATH " ends too early", AGAIN, NULL);
    if (same(key, "end")) return;
    if (!set(settings, key, value)) {
      fail(CONFIGURATION_PATH " says what this program does not know: ", key, " ", value, AGAIN, NULL);
    }
  }
}
