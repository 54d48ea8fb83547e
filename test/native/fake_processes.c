/* The lists of processes, in the three row sizes that drivers have written. */
#include "fake_config.h"
#include "fake_devices.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { COMPUTE = 1, GRAPHICS = 2, MPS = 4 };

typedef struct {
    ProcessRow *rows;
    uint32_t count, room;
} Rows;

static void add(Rows *rows, ProcessRow row) {
    if (rows->count == rows->room) {
        rows->room = rows->room == 0 ? 64 : rows->room * 2;
        rows->rows = realloc(rows->rows, rows->room * sizeof row);
    }
    rows->rows[rows->count++] = row;
}

/* `self` and `parent` are the process that loaded the library and its parent. */
static uint32_t pid_from(const char *text) {
    if (strncmp(text, "self", 4) == 0) return (uint32_t)getpid();
    if (strncmp(text, "parent", 6) == 0) return parent_pid();
    return (uint32_t)number_from(text);
}

static int kinds_from(const char *text) {
    size_t size = strcspn(text, ",");
    if (size == strlen("compute+graphics")) return COMPUTE | GRAPHICS;
    return *text == 'g' ? GRAPHICS : *text == 'm' ? MPS : COMPUTE;
}

/* One `process=GPU,PID,BYTES[,KIND][,gi,ci]` line, where it is of this device and kind. */
static void add_configured(Rows *rows, const Device *device, int kind, const char *line) {
    const char *pid = field(line, 1), *bytes = field(line, 2), *next = field(line, 3);
    int kinds = COMPUTE;
    if (bytes == NULL || (int)number_from(line) != device->gpu) return;
    if (next != NULL && isalpha((unsigned char)*next)) {
        kinds = kinds_from(next);
        next = field(next, 1);
    }
    ProcessRow row = {
        .pid = pid_from(pid),
        .used_bytes = number_from(bytes),
        .gpu_instance = next == NULL ? NVML_NO_INSTANCE : (uint32_t)number_from(next),
        .compute_instance = NVML_NO_INSTANCE,
    };
    if (next != NULL && field(next, 1) != NULL) {
        row.compute_instance = (uint32_t)number_from(field(next, 1));
    }
    Slice slice;
    bool is_here = device->slice == WHOLE_GPU ||
                   (slice_of(device, &slice) && slice.gpu_instance == row.gpu_instance &&
                    slice.compute_instance == row.compute_instance);
    if ((kinds & kind) != 0 && is_here) add(rows, row);
}

/* All rows of a device that are of one of the kinds. */
static Rows rows_of(const Device *device, int kind) {
    Rows rows = {NULL, 0, 0};
    const char *line;
    int position = 0;
    while ((line = config_next("process", &position)) != NULL) {
        add_configured(&rows, device, kind, line);
    }
    uint64_t synthetic = setting(device, "processes", 0);
    for (uint32_t n = 0; n < synthetic && device->slice == WHOLE_GPU && (kind & COMPUTE); n++) {
        add(&rows, (ProcessRow){
                       .pid = 10000 + n,
                       .used_bytes = (uint64_t)(n % 64 + 1) << 20,
                       .gpu_instance = NVML_NO_INSTANCE,
                       .compute_instance = NVML_NO_INSTANCE,
                   });
    }
    Memory memory;
    bool lies = setting(device, "exceeds", 0) == 1 && memory_of(device, &memory) == NVML_OK;
    for (uint32_t i = 0; i < rows.count; i++) {
        if (lies) rows.rows[i].used_bytes = memory.total + (1 << 20);
        if (setting(device, "sentinel", 0) == 1) rows.rows[i].used_bytes = NVML_NO_VALUE;
    }
    return rows;
}

/* NVML's way to give a list: `count` is the room going in and the number of rows coming out. */
static int give_rows(const Device *device, int kind, uint32_t *count, void *out, size_t stride) {
    Rows rows = rows_of(device, kind);
    uint32_t room = *count;
    int code = NVML_OK;
    *count = rows.count;
    if (rows.count > room) {
        code = NVML_INSUFFICIENT_SIZE;
    } else if (out == NULL && rows.count > 0) {
        code = NVML_INVALID_ARGUMENT;
    } else {
        for (uint32_t i = 0; i < rows.count; i++) {
            memcpy((char *)out + i * stride, &rows.rows[i], stride);
        }
    }
    free(rows.rows);
    return code;
}

/* The second and third generation of the calls, which a driver with `stride=16` does not have. */
static int newer_list(const char *function, const Device *device, int kind, uint32_t *count,
                      void *out, bool is_third) {
    int code = enter_device(function, device);
    if (code != NVML_OK) return code;
    uint64_t stride = config_number(24, "stride");
    if (stride == 16) return NVML_FUNCTION_NOT_FOUND;
    return give_rows(device, kind, count, out, is_third && stride == 32 ? 32 : 24);
}

#define LIST(name, kind)                                                                  \
    EXPORT int name(const Device *device, uint32_t *count, void *out) {                   \
        int code = enter_device(__func__, device);                                        \
        return code == NVML_OK ? give_rows(device, kind, count, out, 16) : code;          \
    }                                                                                     \
    EXPORT int name##_v2(const Device *device, uint32_t *count, void *out) {              \
        return newer_list(__func__, device, kind, count, out, false);                     \
    }                                                                                     \
    EXPORT int name##_v3(const Device *device, uint32_t *count, void *out) {              \
        return newer_list(__func__, device, kind, count, out, true);                      \
    }

LIST(nvmlDeviceGetComputeRunningProcesses, COMPUTE)
LIST(nvmlDeviceGetGraphicsRunningProcesses, GRAPHICS)
LIST(nvmlDeviceGetMPSComputeRunningProcesses, MPS)

/* Hopper and newer only, so `detail=1` turns it on. */
EXPORT int nvmlDeviceGetRunningProcessDetailList(const Device *device, ProcessDetailList *list) {
    static const int kinds[] = {COMPUTE, GRAPHICS, MPS, COMPUTE | GRAPHICS | MPS};
    int code = enter_device(__func__, device);
    if (code != NVML_OK) return code;
    if (list->version != PROCESS_DETAIL_LIST_VERSION) return NVML_ARGUMENT_VERSION_MISMATCH;
    if (setting(device, "detail", 0) != 1) return NVML_NOT_SUPPORTED;
    if (list->mode > 3) return NVML_INVALID_ARGUMENT;
    return give_rows(device, kinds[list->mode], &list->count, list->rows, sizeof(ProcessRow));
}
