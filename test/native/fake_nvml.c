/* The system and device calls: what they are, where they are, how busy they are. */
#include "fake_config.h"
#include "fake_devices.h"
#include "fake_faults.h"

#include <stdio.h>
#include <string.h>

static const char *or_else(const char *text, const char *fallback) {
    return text == NULL ? fallback : text;
}

EXPORT const char *nvmlErrorString(int code) {
    static const struct {
        int code;
        const char *text;
    } texts[] = {
        {0, "Success"},
        {1, "Uninitialized"},
        {2, "Invalid Argument"},
        {3, "Not Supported"},
        {4, "Insufficient Permissions"},
        {6, "Not Found"},
        {7, "Insufficient Size"},
        {9, "Driver Not Loaded"},
        {10, "Timeout"},
        {12, "NVML Shared Library Not Found"},
        {13, "Function Not Found"},
        {15, "GPU is lost"},
        {16, "GPU requires restart"},
        {17, "The operating system has blocked the request."},
        {18, "RM has detected an NVML/RM version mismatch."},
        {25, "Argument version mismatch"},
    };
    (void)enter(__func__, NO_DEVICE);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (texts[i].code == code) return texts[i].text;
    }
    return "Unknown Error";
}

EXPORT int nvmlSystemGetDriverVersion(char *version, uint32_t room) {
    int code = enter_system(__func__);
    if (code != NVML_OK) return code;
    return give_text(version, room, or_else(config_text("driver"), "550.163.01"));
}

EXPORT int nvmlSystemGetNVMLVersion(char *version, uint32_t room) {
    char text[96];
    int code = enter_system(__func__);
    if (code != NVML_OK) return code;
    snprintf(text, sizeof text, "12.%s", or_else(config_text("driver"), "550.163.01"));
    return give_text(version, room, or_else(config_text("nvml_version"), text));
}

EXPORT int nvmlSystemGetCudaDriverVersion_v2(int *version) {
    int code = enter_system(__func__);
    if (code == NVML_OK) *version = (int)config_number(12040, "cuda");
    return code;
}

EXPORT int nvmlDeviceGetCount_v2(uint32_t *count) {
    int code = enter_system(__func__);
    if (code == NVML_OK) *count = gpu_count();
    return code;
}

EXPORT int nvmlDeviceGetHandleByIndex_v2(uint32_t index, const Device **device) {
    bool exists = index < gpu_count();
    int code = exists ? enter_device(__func__, device_handle((int)index, WHOLE_GPU))
                      : enter_system(__func__);
    if (code != NVML_OK) return code;
    if (!exists) return NVML_INVALID_ARGUMENT;
    *device = device_handle((int)index, WHOLE_GPU);
    return NVML_OK;
}

EXPORT int nvmlDeviceGetUUID(const Device *device, char *uuid, uint32_t room) {
    char text[96];
    int code = enter_device(__func__, device);
    if (code != NVML_OK) return code;
    if (device->slice != WHOLE_GPU) {
        snprintf(text, sizeof text, "MIG-00000000-0000-0000-0000-%06x%06x",
                 (unsigned)device->gpu, (unsigned)device->slice);
        return give_text(uuid, room, text);
    }
    snprintf(text, sizeof text, "GPU-00000000-0000-0000-0000-%012x", (unsigned)device->gpu);
    return give_text(uuid, room, or_else(text_setting(device, "uuid"), text));
}

EXPORT int nvmlDeviceGetName(const Device *device, char *name, uint32_t room) {
    char text[160];
    int code = enter_device(__func__, device);
    if (code != NVML_OK) return code;
    const char *gpu_name = or_else(text_setting(device, "name"), "NVIDIA Fake A100");
    snprintf(text, sizeof text, "%s%s", gpu_name, device->slice == WHOLE_GPU ? "" : " MIG");
    return give_text(name, room, text);
}

/* `pci=DOMAIN:BUS:DEVICE.0` in hexadecimal; GPU i is on bus i unless told otherwise. */
EXPORT int nvmlDeviceGetPciInfo_v3(const Device *device, PciInfo *out) {
    unsigned domain = 0, bus, slot = 0;
    int code = enter_device(__func__, device);
    if (code != NVML_OK) return code;
    if (device->slice != WHOLE_GPU) return NVML_NOT_SUPPORTED;
    bus = (unsigned)device->gpu;
    const char *place = text_setting(device, "pci");
    if (place != NULL) sscanf(place, "%x:%x:%x", &domain, &bus, &slot);
    *out = (PciInfo){
        .domain = domain,
        .bus = bus,
        .device = slot,
        .pci_device_id = 0x20B010DE,
        .pci_subsystem_id = 0x134F10DE,
    };
    snprintf(out->bus_id_legacy, sizeof out->bus_id_legacy, "%04X:%02X:%02X.0", domain & 0xFFFF,
             bus & 0xFF, slot & 0xFF);
    snprintf(out->bus_id, sizeof out->bus_id, "%08X:%02X:%02X.0", domain, bus, slot);
    return NVML_OK;
}

/* Enters a call that tells of a whole GPU only. */
static int enter_gpu(const char *function, const Device *device) {
    int code = enter_device(function, device);
    return code == NVML_OK && device->slice != WHOLE_GPU ? NVML_NOT_SUPPORTED : code;
}

EXPORT int nvmlDeviceGetUtilizationRates(const Device *device, Utilization *out) {
    int code = enter_gpu(__func__, device);
    if (code != NVML_OK) return code;
    out->gpu = (uint32_t)setting(device, "util", (uint64_t)(10 + device->gpu));
    out->memory = (uint32_t)setting(device, "memory_util", (uint64_t)(5 + device->gpu));
    return NVML_OK;
}

EXPORT int nvmlDeviceGetTemperature(const Device *device, int sensor, uint32_t *celsius) {
    int code = enter_gpu(__func__, device);
    if (code != NVML_OK) return code;
    if (sensor != 0) return NVML_INVALID_ARGUMENT;
    *celsius = (uint32_t)setting(device, "temp", (uint64_t)(40 + device->gpu));
    return NVML_OK;
}

EXPORT int nvmlDeviceGetPowerUsage(const Device *device, uint32_t *milliwatts) {
    int code = enter_gpu(__func__, device);
    if (code != NVML_OK) return code;
    *milliwatts = (uint32_t)setting(device, "power", (uint64_t)(100500 + 1000 * device->gpu));
    return NVML_OK;
}

EXPORT int nvmlDeviceGetClockInfo(const Device *device, int domain, uint32_t *mhz) {
    static const char *const keys[] = {"clock.graphics", "clock.sm", "clock.mem", "clock.video"};
    static const uint64_t usual[] = {1395, 1410, 1215, 1275};
    int code = enter_gpu(__func__, device);
    if (code != NVML_OK) return code;
    if (domain < 0 || domain > 3) return NVML_INVALID_ARGUMENT;
    *mhz = (uint32_t)setting(device, keys[domain], usual[domain]);
    return NVML_OK;
}

EXPORT int nvmlDeviceGetEccMode(const Device *device, uint32_t *current, uint32_t *pending) {
    int code = enter_gpu(__func__, device);
    if (code == NVML_OK) *current = *pending = (uint32_t)setting(device, "ecc", 1);
    return code;
}

EXPORT int nvmlDeviceGetConfComputeMemSizeInfo(const Device *device, ConfComputeMemory *out) {
    Memory memory;
    int code = enter_gpu(__func__, device);
    if (code == NVML_OK) code = memory_of(device, &memory);
    if (code == NVML_OK) *out = (ConfComputeMemory){0, memory.total >> 10};
    return code;
}

EXPORT int nvmlDeviceGetAddressingMode(const Device *device, AddressingMode *out) {
    int code = enter_gpu(__func__, device);
    if (code != NVML_OK) return code;
    if (out->version != ADDRESSING_MODE_VERSION) return NVML_ARGUMENT_VERSION_MISMATCH;
    out->value = (uint32_t)setting(device, "addressing", 0);
    return NVML_OK;
}
