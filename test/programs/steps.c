/*
 * Takes and gives back memory in known steps, and says so: the truth that a recording is compared with.
 *
 * Arguments, in order: `phase NAME` says a line that names a phase; `take MIB` takes and touches memory; `give` gives
 * back what was taken last; `wait MS` waits; `pause MS` does too; `leak MIB MS COUNT` takes a little, COUNT times, and never gives it back.
 * After each `wait` and `leak` the process's own resident memory is written to the file descriptor 3, where it is open.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define MOST 64

static struct {
  void *at;
  size_t bytes;
} taken[MOST];
static int count;

static void *take(size_t bytes) {
  void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) {
    perror("mmap");
    exit(1);
  }
  memset(at, 1, bytes);
  return at;
}

static void wait_ms(long ms) {
  struct timespec time = {ms / 1000, ms % 1000 * 1000000L};
  nanosleep(&time, NULL);
}

static void tell_rss(void) {
  char line[256];
  FILE *status = fopen("/proc/self/status", "r");
  while (status && fgets(line, sizeof line, status)) {
    long kib;
    if (sscanf(line, "VmRSS: %ld", &kib) == 1) {
      dprintf(3, "%ld\n", kib);
      break;
    }
  }
  if (status) fclose(status);
}

int main(int argc, char **argv) {
  for (int i = 1; i < argc; i++) {
    const char *word = argv[i];
    if (!strcmp(word, "phase") && i + 1 < argc) {
      printf("phase %s\n", argv[++i]);
      fflush(stdout);
    } else if (!strcmp(word, "take") && i + 1 < argc && count < MOST) {
      size_t bytes = strtoul(argv[++i], NULL, 10) << 20;
      taken[count].at = take(bytes);
      taken[count++].bytes = bytes;
    } else if (!strcmp(word, "give") && count > 0) {
      count--;
      munmap(taken[count].at, taken[count].bytes);
    } else if (!strcmp(word, "wait") && i + 1 < argc) {
      wait_ms(atol(argv[++i]));
      tell_rss();
    } else if (!strcmp(word, "pause") && i + 1 < argc) {
      wait_ms(atol(argv[++i]));
    } else if (!strcmp(word, "leak") && i + 3 < argc) {
      size_t bytes = strtoul(argv[i + 1], NULL, 10) << 20;
      for (long n = atol(argv[i + 3]); n > 0; n--) {
        take(bytes);
        wait_ms(atol(argv[i + 2]));
      }
      i += 3;
      tell_rss();
    } else {
      fprintf(stderr, "steps: cannot understand %s\n", word);
      return 2;
    }
  }
  return 0;
}
