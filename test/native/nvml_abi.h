/*
 * The part of NVML's binary interface (64-bit) that the fake speaks, after NVIDIA's documentation.
 *
 * Each size and offset is asserted as a number, so these structs are a second opinion on the tables in
 * TypeScript: neither is made from the other.
 */
#ifndef NVML_ABI_H
#define NVML_ABI_H

#include <stddef.h>
#include <stdint.h>

/* Return codes. */
enum {
    NVML_OK = 0,
    NVML_UNINITIALIZED = 1,
    NVML_INVALID_ARGUMENT = 2,
    NVML_NOT_SUPPORTED = 3,
    NVML_NOT_FOUND = 6,
    NVML_INSUFFICIENT_SIZE = 7,
    NVML_FUNCTION_NOT_FOUND = 13,
    NVML_GPU_IS_LOST = 15,
    NVML_ARGUMENT_VERSION_MISMATCH = 25,
};

/* "Not available" for a u64, and "no such instance" for a MIG id. */
#define NVML_NO_VALUE UINT64_MAX
#define NVML_NO_INSTANCE UINT32_MAX

#define ABI_SIZE(type, size) _Static_assert(sizeof(type) == (size), #type " has another size")
#define ABI_AT(type, field, offset) \
    _Static_assert(offsetof(type, field) == (offset), #type "." #field " is elsewhere")

typedef struct {
    uint64_t total, free, used; /* used includes the reserve */
} MemoryV1;
ABI_SIZE(MemoryV1, 24);
ABI_AT(MemoryV1, total, 0);
ABI_AT(MemoryV1, free, 8);
ABI_AT(MemoryV1, used, 16);

typedef struct {
    uint32_t version;
    uint64_t total, reserved, free, used; /* used excludes the reserve */
} MemoryV2;
ABI_SIZE(MemoryV2, 40);
ABI_AT(MemoryV2, version, 0);
ABI_AT(MemoryV2, total, 8);
ABI_AT(MemoryV2, reserved, 16);
ABI_AT(MemoryV2, free, 24);
ABI_AT(MemoryV2, used, 32);
#define MEMORY_V2_VERSION 0x02000028u

/* The longest row; the shorter ones are its first 16 and 24 bytes. */
typedef struct {
    uint32_t pid;
    uint64_t used_bytes;
    uint32_t gpu_instance, compute_instance;
    uint64_t protected_bytes;
} ProcessRow;
ABI_SIZE(ProcessRow, 32);
ABI_AT(ProcessRow, pid, 0);
ABI_AT(ProcessRow, used_bytes, 8);
ABI_AT(ProcessRow, gpu_instance, 16);
ABI_AT(ProcessRow, compute_instance, 20);
ABI_AT(ProcessRow, protected_bytes, 24);

typedef struct {
    uint32_t version, mode, count;
    ProcessRow *rows;
} ProcessDetailList;
ABI_SIZE(ProcessDetailList, 24);
ABI_AT(ProcessDetailList, version, 0);
ABI_AT(ProcessDetailList, mode, 4);
ABI_AT(ProcessDetailList, count, 8);
ABI_AT(ProcessDetailList, rows, 16);
#define PROCESS_DETAIL_LIST_VERSION 0x01000018u

typedef struct {
    uint32_t gpu, memory; /* percent */
} Utilization;
ABI_SIZE(Utilization, 8);
ABI_AT(Utilization, gpu, 0);
ABI_AT(Utilization, memory, 4);

typedef struct {
    char bus_id_legacy[16];
    uint32_t domain, bus, device, pci_device_id, pci_subsystem_id;
    char bus_id[32];
} PciInfo;
ABI_SIZE(PciInfo, 68);
ABI_AT(PciInfo, bus_id_legacy, 0);
ABI_AT(PciInfo, domain, 16);
ABI_AT(PciInfo, bus, 20);
ABI_AT(PciInfo, device, 24);
ABI_AT(PciInfo, pci_device_id, 28);
ABI_AT(PciInfo, pci_subsystem_id, 32);
ABI_AT(PciInfo, bus_id, 36);

typedef struct {
    uint64_t protected_kib, unprotected_kib;
} ConfComputeMemory;
ABI_SIZE(ConfComputeMemory, 16);

typedef struct {
    uint32_t version, value;
} AddressingMode;
ABI_SIZE(AddressingMode, 8);
ABI_AT(AddressingMode, version, 0);
ABI_AT(AddressingMode, value, 4);
#define ADDRESSING_MODE_VERSION 0x01000008u

#endif
