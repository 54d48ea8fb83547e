#include "fake_config.h"

#include "fake_system.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const char *key, *value;
} Line;

typedef struct {
    char *source; /* the file as it was read */
    Line *lines;
    int count;
} Config;

static Config *current;
static pthread_mutex_t reading = PTHREAD_MUTEX_INITIALIZER;

static Config *now(void) { return __atomic_load_n(&current, __ATOMIC_ACQUIRE); }

static void config_path(char *path, size_t size) {
    const char *named = getenv("FAKE_NVML");
    char folder[4096];
    if (named != NULL && *named != '\0') {
        snprintf(path, size, "%s", named);
        return;
    }
    library_folder(folder, sizeof folder);
    snprintf(path, size, "%s/fake_nvml.conf", folder);
}

/* The whole file; empty where there is none. */
static char *read_file(void) {
    char path[4200];
    config_path(path, sizeof path);
    FILE *file = fopen(path, READ_ONLY);
    size_t size = 0, room = 4096;
    char *text = malloc(room);
    while (file != NULL) {
        size_t got = fread(text + size, 1, room - size - 1, file);
        if (got == 0) break;
        size += got;
        if (size + 1 == room) text = realloc(text, room *= 2);
    }
    text[size] = '\0';
    if (file != NULL) fclose(file);
    return text;
}

static Config *parse(char *source) {
    Config *config = calloc(1, sizeof *config);
    char *text = strdup(source), *next;
    int room = 1;
    for (const char *at = source; *at != '\0'; at++) room += *at == '\n';
    config->source = source;
    config->lines = calloc((size_t)room, sizeof *config->lines);
    for (char *line = text; line != NULL; line = next) {
        next = strchr(line, '\n');
        if (next != NULL) *next++ = '\0';
        char *value = strchr(line, '=');
        if (*line == '#' || value == NULL) continue;
        *value++ = '\0';
        config->lines[config->count++] = (Line){line, value};
    }
    return config;
}

void config_read(bool only_if_wanted) {
    pthread_mutex_lock(&reading);
    if (now() == NULL || !only_if_wanted || config_number(0, "reload") == 1) {
        char *source = read_file();
        if (now() != NULL && strcmp(source, now()->source) == 0) {
            free(source);
        } else {
            /* The old one stays: another thread may be reading it. */
            __atomic_store_n(&current, parse(source), __ATOMIC_RELEASE);
        }
    }
    pthread_mutex_unlock(&reading);
}

const char *config_next(const char *key, int *position) {
    const Config *config = now();
    while (config != NULL && *position < config->count) {
        const Line *line = &config->lines[(*position)++];
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
    if (strncmp(text, "sentinel", 8) == 0) return UINT64_MAX;
    uint64_t number = strtoull(text, &end, 0);
    const char *unit = *end == '\0' ? NULL : strchr(units, *end);
    return unit == NULL ? number : number << (10 * (unit - units + 1));
}
