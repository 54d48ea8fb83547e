/* A pdh.dll whose counters and instances are written in the configuration. */
#include "fake_gpu.h"

#include <pdh.h>
#include <pdhmsg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * Where the value of a counter stands in a line `adapter_memory=` or `process=`, behind the name of the instance, and
 * whether it is told in parts, as Windows tells local and non-local memory of adapters.
 */
static const struct {
    const wchar_t *path;
    const char *lines, *set;
    int column;
    bool has_parts;
} COUNTERS[] = {
    {L"\\GPU Adapter Memory(*)\\Dedicated Usage", "adapter_memory", "GPU Adapter Memory", 0, false},
    {L"\\GPU Adapter Memory(*)\\Shared Usage", "adapter_memory", "GPU Adapter Memory", 1, false},
    {L"\\GPU Adapter Memory(*)\\Total Committed", "adapter_memory", "GPU Adapter Memory", 2, false},
    {L"\\GPU Local Adapter Memory(*)\\Local Usage", "adapter_memory", "GPU Local Adapter Memory", 3, true},
    {L"\\GPU Non Local Adapter Memory(*)\\Non Local Usage", "adapter_memory", "GPU Non Local Adapter Memory", 4, true},
    {L"\\GPU Process Memory(*)\\Dedicated Usage", "process", "GPU Process Memory", 0, false},
    {L"\\GPU Process Memory(*)\\Shared Usage", "process", "GPU Process Memory", 1, false},
    {L"\\GPU Process Memory(*)\\Total Committed", "process", "GPU Process Memory", 2, false},
    {L"\\GPU Process Memory(*)\\Local Usage", "process", "GPU Process Memory", 3, false},
    {L"\\GPU Process Memory(*)\\Non Local Usage", "process", "GPU Process Memory", 4, false},
};
enum { KINDS = sizeof COUNTERS / sizeof *COUNTERS, MOST_QUERIES = 256 };

/* A query; its address is its handle. */
typedef struct Query {
    bool open, dead, collected;
    int added;
} Query;

typedef struct {
    Query *query;
    int kind;
} Counter;

static Query queries[MOST_QUERIES];
static int query_count, collects;

PDH_FUNCTION PdhOpenQueryW(LPCWSTR source, DWORD_PTR user, PDH_HQUERY *out) {
    config_read();
    hook_d3dkmt();
    uint32_t code = fault("PdhOpenQueryW");
    if (code != 0) return (PDH_STATUS)code;
    if (source != NULL || user != 0) return (PDH_STATUS)PDH_INVALID_ARGUMENT;
    if (query_count == MOST_QUERIES) return (PDH_STATUS)PDH_MEMORY_ALLOCATION_FAILURE;
    queries[query_count].open = true;
    *out = &queries[query_count++];
    return ERROR_SUCCESS;
}

PDH_FUNCTION PdhAddEnglishCounterW(PDH_HQUERY query, LPCWSTR path, DWORD_PTR user, PDH_HCOUNTER *out) {
    uint32_t code = fault("PdhAddEnglishCounterW");
    if (code != 0) return (PDH_STATUS)code;
    (void)user;
    for (int kind = 0; kind < KINDS; kind++) {
        if (wcscmp(path, COUNTERS[kind].path) != 0) continue;
        int position = 0;
        const char *missing;
        while ((missing = config_next("no_set", &position)) != NULL)
            if (strcmp(missing, "*") == 0 || strcmp(missing, COUNTERS[kind].set) == 0)
                return (PDH_STATUS)PDH_CSTATUS_NO_OBJECT;
        position = 0;
        while ((missing = config_next("no_counter", &position)) != NULL) {
            wchar_t wide[128];
            to_utf16(missing, wide, 128);
            if (wcscmp(wide, path) == 0) return (PDH_STATUS)PDH_CSTATUS_NO_COUNTER;
        }
        Counter *counter = calloc(1, sizeof *counter);
        *counter = (Counter){query, kind};
        ((Query *)query)->added++;
        *out = counter;
        return ERROR_SUCCESS;
    }
    return (PDH_STATUS)PDH_CSTATUS_NO_OBJECT;
}

PDH_FUNCTION PdhCollectQueryData(PDH_HQUERY handle) {
    Query *query = handle;
    config_read();
    uint32_t code = fault("PdhCollectQueryData");
    if (!query->open) return (PDH_STATUS)PDH_INVALID_HANDLE;
    /* At the N-th collection the driver is reset: what is open then never works again. */
    if ((uint64_t)++collects == config_number(0, "reset_at"))
        for (int i = 0; i < query_count; i++) queries[i].dead = true;
    if (query->dead) return (PDH_STATUS)PDH_INVALID_DATA;
    if (code != 0) return (PDH_STATUS)code;
    if (query->added == 0) return (PDH_STATUS)PDH_NO_DATA;
    query->collected = true;
    return ERROR_SUCCESS;
}

/* The n-th field of a line behind the name: a value, or `!` and a CStatus; NULL where there is no such instance. */
static const char *field(const char *line, int column) {
    for (int i = 0; i <= column && line != NULL; i++) {
        line = strchr(line, ',');
        if (line != NULL) line++;
    }
    return line == NULL || *line == ',' || *line == '\0' ? NULL : line;
}

/* The value of the next part, behind a `+`; NULL behind the last. */
static const char *next_part(const char *value) {
    value += strcspn(value, "+,");
    return *value == '+' ? value + 1 : NULL;
}

/* Name of an instance, or of a part of it; gives its length. The sum of all has no parts. */
static int instance_name(char *out, size_t room, const char *line, bool has_parts, int part) {
    int length = (int)strcspn(line, ",");
    bool is_part = has_parts && strncmp(line, "luid_", 5) == 0;
    return is_part ? snprintf(out, room, "%.*s_part_%d", length, line, part)
                   : snprintf(out, room, "%.*s", length, line);
}

PDH_FUNCTION PdhGetFormattedCounterArrayW(PDH_HCOUNTER handle, DWORD format, LPDWORD size, LPDWORD count,
                                          PPDH_FMT_COUNTERVALUE_ITEM_W items) {
    const Counter *counter = handle;
    uint32_t code = fault("PdhGetFormattedCounterArrayW");
    if (!counter->query->open || !counter->query->collected) return (PDH_STATUS)PDH_INVALID_HANDLE;
    if (code != 0) return (PDH_STATUS)code;
    if (format != (PDH_FMT_LARGE | PDH_FMT_NOSCALE)) return (PDH_STATUS)PDH_INVALID_ARGUMENT;
    const char *key = COUNTERS[counter->kind].lines, *line;
    bool has_parts = COUNTERS[counter->kind].has_parts;
    int column = COUNTERS[counter->kind].column, position = 0;
    DWORD found = 0, room = *size;
    size_t needed = (size_t)config_number(0, "padding");
    while ((line = config_next(key, &position)) != NULL) {
        int part = 0;
        for (const char *value = field(line, column); value != NULL; value = next_part(value)) {
            found++;
            needed += sizeof *items + ((size_t)instance_name(NULL, 0, line, has_parts, part++) + 1) * sizeof(wchar_t);
        }
    }
    *size = (DWORD)needed;
    *count = found;
    if (found == 0) return (PDH_STATUS)PDH_CSTATUS_NO_INSTANCE;
    if (room < needed) return (PDH_STATUS)PDH_MORE_DATA;

    wchar_t *text = (wchar_t *)((char *)items + found * sizeof *items + config_number(0, "padding"));
    position = 0;
    for (DWORD i = 0; (line = config_next(key, &position)) != NULL;) {
        int part = 0;
        for (const char *value = field(line, column); value != NULL; value = next_part(value), i++) {
            char name[256];
            instance_name(name, sizeof name, line, has_parts, part++);
            items[i].szName = text;
            text += to_utf16(name, text, 256) + 1;
            bool is_bad = *value == '!';
            DWORD good = i % 2 == 0 ? PDH_CSTATUS_VALID_DATA : PDH_CSTATUS_NEW_DATA;
            items[i].FmtValue.CStatus = is_bad ? (DWORD)strtoul(value + 1, NULL, 0) : good;
            LONGLONG number = *value == '-' ? strtoll(value, NULL, 0) : (LONGLONG)number_from(value);
            items[i].FmtValue.largeValue = is_bad ? 77 : number;
        }
    }
    return ERROR_SUCCESS;
}

PDH_FUNCTION PdhCloseQuery(PDH_HQUERY handle) {
    Query *query = handle;
    /* One closing too many is a defect. */
    if (!query->open) abort();
    query->open = false;
    return ERROR_SUCCESS;
}
