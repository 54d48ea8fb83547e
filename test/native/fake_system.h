/* What differs between the systems that the fake is built for. */
#ifndef FAKE_SYSTEM_H
#define FAKE_SYSTEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef _WIN32
#define EXPORT __declspec(dllexport)
#else
/* Everything is hidden but what has this mark, as a version script can only hide more. */
#define EXPORT __attribute__((visibility("default")))
#endif

/* How a file is opened for reading, for fopen: without handing it to children, where that is an option. */
#ifdef _WIN32
#define READ_ONLY "r"
#else
#define READ_ONLY "re"
#endif

/* The folder that the library was loaded from; "." where that can't be told. */
void library_folder(char *folder, size_t size);

/* Adds a line to a file, in one call; does nothing where the file can't be opened. */
void append_line(const char *path, const char *line, size_t size);

/* The process ends and its other threads are gone already, as on Windows. */
bool process_is_ending(void);

/* The process that started this one. */
uint32_t parent_pid(void);

#endif
