#include "command-line.h"
#include "files.h"
#include "report.h"
#include "system.h"

#define OWN "docker2vm."
#define ARGUMENTS OWN "args="
#define ENTRYPOINT OWN "entrypoint="
#define ENVIRONMENT OWN "env."

/**
 * Cuts the first word out of `text` and moves that behind it. Quotes hold blanks together; a pair around the whole
 * word or around its value does not belong to it.
 */
static char *next_word(char **text) {
  char *word = *text;
  bool quoted = *word == '"';
  bool in_quote = quoted;
  if (quoted) word++;
  size_t size = 0;
  size_t equals = 0;
  for (; word[size] != '\0' && !(is_blank(word[size]) && !in_quote); size++) {
    if (word[size] == '=' && equals == 0) equals = size;
    if (word[size] == '"') in_quote = !in_quote;
  }
  *text = word + size + (word[size] == '\0' ? 0 : 1);
  word[size] = '\0';
  bool closed = size > 0 && word[size - 1] == '"';
  if (equals > 0 && word[equals + 1] == '"') {
    if (closed) word[--size] = '\0';
    for (char *at = word + equals + 1; *at != '\0'; at++) at[0] = at[1];
  } else if (quoted && closed) {
    word[size - 1] = '\0';
  }
  return word;
}

void read_command_line(struct command_line *line) {
  *line = (struct command_line){0};
  struct bytes file;
  long result = read_file("/proc/cmdline", &file);
  if (result < 0) fail("/proc/cmdline cannot be read", error_text(result), "; is /proc mounted?", NULL);
  struct words *words = &line->words;
  char *text = file.data;
  for (;;) {
    while (is_blank(*text)) text++;
    if (*text == '\0') return;
    const char *word = next_word(&text);
    if (words == &line->words && same(word, "--")) {
      words = &line->arguments;
    } else {
      add_word(words, word);
    }
  }
}

const char *parameter(const struct command_line *line, const char *name) {
  const char *found = NULL;
  for (size_t i = 0; i < line->words.count; i++) {
    const char *rest = after(name, line->words.items[i]);
    if (rest != NULL && *rest == '=') found = rest + 1;
    if (rest != NULL && *rest == '\0') found = rest;
  }
  return found;
}

/** Words that go to other parts of this program. */
static const char *const ELSEWHERE[] = {OWN "qemu-exit", OWN "qemu-exit=", NULL};

static bool is_for_others(const char *word) {
  for (const char *const *other = ELSEWHERE; *other != NULL; other++) {
    const char *rest = after(*other, word);
    if (rest != NULL && (*rest == '\0' || rest[-1] == '=')) return true;
  }
  return false;
}

static void override_root(struct settings *settings, const char *mode) {
  if (set_root_mode(settings, mode)) return;
  fail(OWN "root=", mode, " is none of rw, ro, overlay, overlay:/dev/DISK; mend the kernel command line",
       NULL);
}

static void unknown(const char *word) {
  say("'", word, "' on the kernel command line is nothing that this program knows", NULL);
}

static void apply(struct settings *settings, const char *word) {
  const char *value;
  if ((value = after(ENVIRONMENT, word)) != NULL) {
    add_word(&settings->environment, value);
  } else if ((value = after(ARGUMENTS, word)) != NULL) {
    settings->cmd = (struct words){0};
    add_split(&settings->cmd, (char *)value);
  } else if ((value = after(OWN "tmpfs=", word)) != NULL) {
    if (!set_scratch_folders(settings, value)) unknown(word);
  } else if ((value = after(OWN "user=", word)) != NULL) {
    settings->user = value;
  } else if ((value = after(OWN "workdir=", word)) != NULL) {
    settings->working_directory = value;
  } else if ((value = after(OWN "hostname=", word)) != NULL) {
    settings->hostname = value;
  } else if ((value = after(OWN "root=", word)) != NULL) {
    override_root(settings, value);
  } else if (same(word, OWN "pid1=init") || same(word, OWN "pid1=workload")) {
    settings->reaps_orphans = same(word, OWN "pid1=init");
  } else if (same(word, OWN "debug")) {
    settings->debug = true;
  } else if (after(OWN, word) != NULL && after(ENTRYPOINT, word) == NULL && !is_for_others(word)) {
    unknown(word);
  }
}

bool is_read_only(const struct command_line *line) {
  bool read_only = false;
  for (size_t i = 0; i < line->words.count; i++) {
    if (same(line->words.items[i], "ro")) read_only = true;
    if (same(line->words.items[i], "rw")) read_only = false;
  }
  return read_only;
}

/** As with Docker's option, the image's Cmd goes with its Entrypoint: arguments may follow of their own. */
static void override_entrypoint(struct settings *settings, const char *text) {
  if (text == NULL) return;
  settings->entrypoint = (struct words){0};
  settings->cmd = (struct words){0};
  add_split(&settings->entrypoint, (char *)joined(text, "", ""));
}

void override_settings(struct settings *settings, const struct command_line *line) {
  // A word of this program's own may still say otherwise.
  if (is_read_only(line) && settings->root == ROOT_WRITABLE) settings->root = ROOT_AS_MOUNTED;
  override_entrypoint(settings, parameter(line, OWN "entrypoint"));
  for (size_t i = 0; i < line->words.count; i++) apply(settings, line->words.items[i]);
  if (line->arguments.count > 0) settings->cmd = line->arguments;
  const char *network = parameter(line, "ip");
  if (network != NULL) settings->network = network;
}

enum machine_end end_asked_for(const struct command_line *line) {
  const char *end = parameter(line, "ovms.end");
  if (end != NULL && same(end, "reboot")) return END_RESTART;
  if (end != NULL && same(end, "poweroff")) return END_POWER_OFF;
  const char *reboot = parameter(line, "reboot");
  if (reboot != NULL && (*reboot == 'k' || *reboot == 't')) return END_RESTART;
#if defined(__x86_64__)
  if (!is_there("/sys/firmware/acpi")) return END_RESTART;
#endif
  return END_POWER_OFF;
}
