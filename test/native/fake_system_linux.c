#ifndef _WIN32
#include "fake_system.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void library_folder(char *folder, size_t size) {
    Dl_info self;
    const char *end = dladdr((void *)library_folder, &self) == 0 ? NULL : strrchr(self.dli_fname, '/');
    if (end == NULL) snprintf(folder, size, ".");
    else snprintf(folder, size, "%.*s", (int)(end - self.dli_fname), self.dli_fname);
}

void append_line(const char *path, const char *line, size_t size) {
    int file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (file < 0) return; /* the folder of a finished test is gone before the library is */
    (void)!write(file, line, size);
    close(file);
}

bool process_is_ending(void) { return false; }

uint32_t parent_pid(void) { return (uint32_t)getppid(); }
#endif
