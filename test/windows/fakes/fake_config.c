#include "fake_gpu.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const char *key, *value;
} Line;

static Line lines[4096];
static int line_count;
/* The file as it was read last. */
static char *current;

static void config_path(wchar_t *path, DWORD room) {
    HMODULE self = NULL;
    if (GetEnvironmentVariableW(L"HMN_FAKE_GPU", path, room) > 0) return;
    GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT,
                       (const wchar_t *)(const void *)lines, &self);
    GetModuleFileNameW(self, path, room - 32);
    wchar_t *name = wcsrchr(path, L'\\');
    wcscpy(name == NULL ? path : name + 1, L"fake_gpu.conf");
}

void config_read(void) {
    wchar_t path[1024];
    config_path(path, 1024);
    FILE *file = _wfopen(path, L"rb");
    size_t size = 0, room = 1 << 18;
    char *text = calloc(1, room);
    if (file != NULL) {
        size = fread(text, 1, room - 1, file);
        fclose(file);
    }
    text[size] = '\0';
    if (current != NULL && strcmp(text, current) == 0) {
        free(text);
        return;
    }
    /* The old one stays: another thread may be reading it. */
    current = _strdup(text);
    int count = 0;
    for (char *line = strtok(text, "\r\n"); line != NULL; line = strtok(NULL, "\r\n")) {
        char *value = strchr(line, '=');
        if (*line == '#' || value == NULL || count == 4096) continue;
        *value++ = '\0';
        lines[count++] = (Line){line, value};
    }
    line_count = count;
}

const char *config_next(const char *key, int *position) {
    while (*position < line_count) {
        const Line *line = &lines[(*position)++];
        if (strcmp(line->key, key) == 0) return line->value;
    }
    return NULL;
}

static const char *find(const char *key, va_list parts) {
    char name[160];
    int position = 0;
    vsnprintf(name, sizeof name, key, parts);
    return config_next(name, &position);
}

const char *config_text(const char *key, ...) {
    va_list parts;
    va_start(parts, key);
    const char *value = find(key, parts);
    va_end(parts);
    return value;
}

uint64_t config_number(uint64_t fallback, const char *key, ...) {
    va_list parts;
    va_start(parts, key);
    const char *value = find(key, parts);
    va_end(parts);
    return value == NULL ? fallback : number_from(value);
}

uint64_t number_from(const char *text) {
    static const char units[] = "KMGT";
    char *end;
    uint64_t number = strtoull(text, &end, 0);
    const char *unit = *end == '\0' ? NULL : strchr(units, *end);
    return unit == NULL ? number : number << (10 * (unit - units + 1));
}

uint32_t fault(const char *name) {
    int position = 0;
    const char *value;
    while ((value = config_next("hang", &position)) != NULL)
        if (strcmp(value, name) == 0) Sleep(INFINITE);
    position = 0;
    while ((value = config_next("crash", &position)) != NULL)
        if (strcmp(value, name) == 0) *(volatile int *)NULL = 0;
    uint64_t slow = config_number(0, "slow.%s", name);
    if (slow > 0) Sleep((DWORD)slow);
    return (uint32_t)config_number(0, "code.%s", name);
}

int to_utf16(const char *text, wchar_t *out, int room) {
    int units = MultiByteToWideChar(CP_UTF8, 0, text, -1, NULL, 0);
    wchar_t *all = calloc((size_t)units + 1, sizeof *all);
    MultiByteToWideChar(CP_UTF8, 0, text, -1, all, units);
    int length = units - 1 < room ? units - 1 : room;
    memcpy(out, all, (size_t)length * sizeof *out);
    if (length < room) out[length] = 0;
    free(all);
    return length;
}

int adapter_count(void) {
    int count = 0;
    for (int i = 0; i < line_count; i++) {
        int index;
        if (sscanf(lines[i].key, "adapter.%d.", &index) == 1 && index >= count) count = index + 1;
    }
    return count < MOST_ADAPTERS ? count : MOST_ADAPTERS;
}

LUID adapter_luid(int index) {
    unsigned high = 0, low = 0x1000u + (unsigned)index;
    const char *text = config_text("adapter.%d.luid", index);
    if (text != NULL) sscanf(text, "0x%x_0x%x", &high, &low);
    return (LUID){.LowPart = low, .HighPart = (LONG)high};
}
