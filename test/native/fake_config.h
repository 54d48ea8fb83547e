/*
 * The configuration: a text of `key=value` lines, `#` for a comment. README.md lists the keys.
 *
 * It is the file that the environment variable FAKE_NVML names, else `fake_nvml.conf` in the folder of the
 * library (runtimes hand a filtered environment to their children). It is read at each nvmlInit, and at
 * every call where it says `reload=1`.
 */
#ifndef FAKE_CONFIG_H
#define FAKE_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

/* Reads the file again; with `only_if_wanted`, only where the configuration has `reload=1`. */
void config_read(bool only_if_wanted);

/* Value of the first line with this key (printf style), NULL where there is none. */
const char *config_text(const char *key, ...) __attribute__((format(printf, 1, 2)));

/* As a number; `fallback` where there is no such line. See number_from for the form. */
uint64_t config_number(uint64_t fallback, const char *key, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * Value of the n-th line (from 0) with exactly this key, NULL past the last. `*position` starts at 0 and is
 * where the next search goes on.
 */
const char *config_next(const char *key, int *position);

/* Decimal or 0x…, then K, M, G or T for powers of 1024; `sentinel` is NVML's "not available". */
uint64_t number_from(const char *text);

#endif
