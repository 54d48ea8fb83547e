/* Slices of a GPU (MIG). */
#include "fake_devices.h"

#include <string.h>

EXPORT int nvmlDeviceGetMigMode(const Device *device, uint32_t *current, uint32_t *pending) {
    int code = enter_device(__func__, device);
    if (code != NVML_OK) return code;
    const char *mode = text_setting(device, "mig");
    if (device->slice != WHOLE_GPU || (mode != NULL && strcmp(mode, "unsupported") == 0)) {
        return NVML_NOT_SUPPORTED;
    }
    *current = *pending = mig_is_on(device);
    return NVML_OK;
}

EXPORT int nvmlDeviceGetMaxMigDeviceCount(const Device *device, uint32_t *count) {
    int code = enter_device(__func__, device);
    if (code == NVML_OK) *count = mig_is_on(device) ? MAX_SLICES - 1 : 0;
    return code;
}

/* Slice `index` of the GPU; indices may have gaps. */
EXPORT int nvmlDeviceGetMigDeviceHandleByIndex(const Device *device, uint32_t index,
                                               const Device **out) {
    Slice slice;
    int code = enter_device(__func__, device);
    if (code != NVML_OK) return code;
    if (!mig_is_on(device)) return NVML_NOT_SUPPORTED;
    if (index >= MAX_SLICES - 1) return NVML_INVALID_ARGUMENT;
    const Device *found = device_handle(device->gpu, (int)index);
    if (!slice_of(found, &slice)) return NVML_NOT_FOUND;
    *out = found;
    return NVML_OK;
}

static int instance_id(const char *function, const Device *device, uint32_t *id, bool of_gpu) {
    Slice slice;
    int code = enter_device(function, device);
    if (code != NVML_OK) return code;
    if (device->slice == WHOLE_GPU || !slice_of(device, &slice)) return NVML_NOT_SUPPORTED;
    *id = of_gpu ? slice.gpu_instance : slice.compute_instance;
    return NVML_OK;
}

EXPORT int nvmlDeviceGetGpuInstanceId(const Device *device, uint32_t *id) {
    return instance_id(__func__, device, id, true);
}

EXPORT int nvmlDeviceGetComputeInstanceId(const Device *device, uint32_t *id) {
    return instance_id(__func__, device, id, false);
}
