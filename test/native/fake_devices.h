/* The simulated GPUs and their MIG slices, as the configuration describes them. */
#ifndef FAKE_DEVICES_H
#define FAKE_DEVICES_H

#include <stdbool.h>
#include <stdint.h>

#include "fake_system.h"
#include "nvml_abi.h"

#define MAX_GPUS 16
#define MAX_SLICES 8
#define WHOLE_GPU (-1)

/* What an NVML handle points to. */
typedef struct {
    int gpu;
    int slice; /* WHOLE_GPU, or the index J of `mig.I.J` */
} Device;

/* Memory of a device; `used` excludes the reserve. */
typedef struct {
    uint64_t total, reserved, used, free;
} Memory;

/* A MIG slice: `mig.I.J=TOTAL,USED,gi,ci`. */
typedef struct {
    uint64_t total, used;
    uint32_t gpu_instance, compute_instance;
} Slice;

/* Number of GPUs. */
uint32_t gpu_count(void);

/* The handle of a GPU or of a slice. */
const Device *device_handle(int gpu, int slice);

/*
 * A call that is about no device, and one that is about a device: the code to return at once, or NVML_OK.
 * A handle that was never given out is an invalid argument.
 */
int enter_system(const char *function);
int enter_device(const char *function, const Device *device);

/* A setting of a device: `device.I.KEY`, else `KEY` (for all devices), else `fallback`. */
uint64_t setting(const Device *device, const char *key, uint64_t fallback);
const char *text_setting(const Device *device, const char *key);

/* Tells whether a GPU is in MIG mode. */
bool mig_is_on(const Device *device);

/* Gives the slice; false where it is not configured. */
bool slice_of(const Device *device, Slice *slice);

/* Memory of the device now. NVML_NOT_SUPPORTED where the GPU shares the system's memory. */
int memory_of(const Device *device, Memory *memory);

/* The n-th comma-separated field of a value (from 0), NULL where there is none. */
const char *field(const char *value, int n);

/* Gives a text with its NUL; NVML_INSUFFICIENT_SIZE where it is longer than the room. */
int give_text(char *out, uint32_t room, const char *text);

#endif
