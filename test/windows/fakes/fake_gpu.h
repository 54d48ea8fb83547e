/*
 * What the fake dxgi.dll and pdh.dll share: the configuration, faults, and the GPUs of the machine.
 *
 * The configuration is the UTF-8 file that the environment variable HMN_FAKE_GPU names, else `fake_gpu.conf` beside the
 * library (a program may hand a filtered environment to its children): lines `key=value`, `#` for a comment; the keys
 * are in README.md. It is read anew at the beginning of each question.
 */
#ifndef FAKE_GPU_H
#define FAKE_GPU_H

#include <stdbool.h>
#include <stdint.h>
#include <windows.h>

/* Reads the file again. */
void config_read(void);

/* Value of the first line with this key (printf style), NULL where there is none. */
const char *config_text(const char *key, ...) __attribute__((format(ms_printf, 1, 2)));

/* As a number, decimal or 0x…, then K, M, G or T for powers of 1024; `fallback` where there is no such line. */
uint64_t config_number(uint64_t fallback, const char *key, ...) __attribute__((format(ms_printf, 2, 3)));
uint64_t number_from(const char *text);

/* Value of the next line with exactly this key, NULL past the last; `*position` starts at 0. */
const char *config_next(const char *key, int *position);

/*
 * What every function goes through: `hang=NAME` never returns, `crash=NAME` ends the process, `slow.NAME=MS` takes
 * longer. Gives `code.NAME`, 0 where there is none.
 */
uint32_t fault(const char *name);

/* As UTF-16, at most `room` units with the NUL; returns the units without it. */
int to_utf16(const char *text, wchar_t *out, int room);

/* Has gdi32.dll know the GPUs of the configuration. */
void hook_d3dkmt(void);

#define MOST_ADAPTERS 32
/* Places of the list: one behind the last that any key names. */
int adapter_count(void);
/* `adapter.I.luid`, in the form 0xHIGH_0xLOW; I + 0x1000 where it is not said. */
LUID adapter_luid(int index);

#endif
