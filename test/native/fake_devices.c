#include "fake_devices.h"

#include "fake_config.h"
#include "fake_faults.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#define MIB ((uint64_t)1 << 20)
#define GIB ((uint64_t)1 << 30)

static Device gpus[MAX_GPUS];
static Device slices[MAX_GPUS][MAX_SLICES];
static atomic_uint memory_calls[MAX_GPUS];
static atomic_int initialised;

uint32_t gpu_count(void) {
    uint64_t count = config_number(1, "gpus");
    return count > MAX_GPUS ? MAX_GPUS : (uint32_t)count;
}

const Device *device_handle(int gpu, int slice) {
    Device *device = slice == WHOLE_GPU ? &gpus[gpu] : &slices[gpu][slice];
    *device = (Device){gpu, slice};
    return device;
}

static bool is_handle(const Device *device) {
    bool is_gpu = device >= &gpus[0] && device <= &gpus[MAX_GPUS - 1];
    bool is_slice =
        device >= &slices[0][0] && device <= &slices[MAX_GPUS - 1][MAX_SLICES - 1];
    return is_gpu || is_slice;
}

/* Counts nvmlInit and nvmlShutdown; all other calls need at least one nvmlInit. */
static int initialise(const char *function, int by) {
    int code = enter(function, NO_DEVICE);
    if (code != NVML_OK) return code;
    if (by < 0 && initialised == 0) return NVML_UNINITIALIZED;
    initialised += by;
    return NVML_OK;
}

EXPORT int nvmlInit_v2(void) { return initialise(__func__, 1); }
EXPORT int nvmlInitWithFlags(uint32_t flags) { return (void)flags, initialise(__func__, 1); }
EXPORT int nvmlShutdown(void) { return initialise(__func__, -1); }

int enter_system(const char *function) {
    int code = enter(function, NO_DEVICE);
    return code == NVML_OK && initialised == 0 ? NVML_UNINITIALIZED : code;
}

int enter_device(const char *function, const Device *device) {
    bool known = is_handle(device);
    int code = enter(function, known ? device->gpu : NO_DEVICE);
    if (code == NVML_OK && initialised == 0) return NVML_UNINITIALIZED;
    return code == NVML_OK && !known ? NVML_INVALID_ARGUMENT : code;
}

uint64_t setting(const Device *device, const char *key, uint64_t fallback) {
    const char *value = text_setting(device, key);
    return value == NULL ? fallback : number_from(value);
}

const char *text_setting(const Device *device, const char *key) {
    const char *value = config_text("device.%d.%s", device->gpu, key);
    return value == NULL ? config_text("%s", key) : value;
}

bool mig_is_on(const Device *device) { return setting(device, "mig", 0) == 1; }

bool slice_of(const Device *device, Slice *slice) {
    const char *value = config_text("mig.%d.%d", device->gpu, device->slice);
    if (value == NULL || field(value, 3) == NULL) return false;
    *slice = (Slice){
        .total = number_from(value),
        .used = number_from(field(value, 1)),
        .gpu_instance = (uint32_t)number_from(field(value, 2)),
        .compute_instance = (uint32_t)number_from(field(value, 3)),
    };
    return true;
}

int memory_of(const Device *device, Memory *memory) {
    if (device->slice != WHOLE_GPU) {
        Slice slice;
        if (!slice_of(device, &slice)) return NVML_NOT_FOUND;
        *memory = (Memory){slice.total, 0, slice.used, slice.total - slice.used};
        return NVML_OK;
    }
    const char *unified = text_setting(device, "unified");
    if (unified != NULL && strcmp(unified, "zero") == 0) {
        *memory = (Memory){0, 0, 0, 0};
        return NVML_OK;
    }
    if (unified != NULL && number_from(unified) != 0) return NVML_NOT_SUPPORTED;
    uint64_t grown = setting(device, "grow", 0) * atomic_load(&memory_calls[device->gpu]);
    memory->total = setting(device, "total", 16 * GIB);
    memory->reserved = setting(device, "reserved", 256 * MIB);
    memory->used = setting(device, "used", (uint64_t)(device->gpu + 1) * 512 * MIB) + grown;
    uint64_t taken = memory->reserved + memory->used;
    memory->free = setting(device, "free", taken > memory->total ? 0 : memory->total - taken);
    return NVML_OK;
}

EXPORT int nvmlDeviceGetMemoryInfo(const Device *device, MemoryV1 *out) {
    Memory memory;
    int code = enter_device(__func__, device);
    if (code == NVML_OK) code = memory_of(device, &memory);
    if (code != NVML_OK) return code;
    atomic_fetch_add(&memory_calls[device->gpu], 1);
    *out = (MemoryV1){memory.total, memory.free, memory.used + memory.reserved};
    return NVML_OK;
}

EXPORT int nvmlDeviceGetMemoryInfo_v2(const Device *device, MemoryV2 *out) {
    Memory memory;
    int code = enter_device(__func__, device);
    if (code != NVML_OK) return code;
    if (out->version != MEMORY_V2_VERSION) return NVML_ARGUMENT_VERSION_MISMATCH;
    if ((code = memory_of(device, &memory)) != NVML_OK) return code;
    atomic_fetch_add(&memory_calls[device->gpu], 1);
    out->total = memory.total;
    out->reserved = memory.reserved;
    out->free = memory.free;
    out->used = memory.used;
    return NVML_OK;
}

const char *field(const char *value, int n) {
    while (n > 0 && value != NULL) {
        value = strchr(value, ',');
        if (value != NULL) value++;
        n--;
    }
    return value;
}

int give_text(char *out, uint32_t room, const char *text) {
    size_t size = strlen(text) + 1;
    if (size > room) return NVML_INSUFFICIENT_SIZE;
    memcpy(out, text, size);
    return NVML_OK;
}
