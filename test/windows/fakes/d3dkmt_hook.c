/*
 * Answers for the part of gdi32.dll that knows GPUs by their LUID. That library can't be replaced, as everything else
 * of it is needed, so the beginnings of its three functions are overwritten with a jump to ours.
 */
#include "fake_gpu.h"

#include <stdio.h>
#include <string.h>

#define NO_SUCH_ADAPTER ((LONG)STATUS_INVALID_PARAMETER)
#define FIRST_HANDLE 0x40000000u

typedef struct {
    LUID luid;
    UINT adapter;
} OpenAdapter;

typedef struct {
    UINT adapter;
    int type;
    void *data;
    UINT size;
} QueryAdapter;

static LONG WINAPI open_adapter(OpenAdapter *open) {
    for (int i = 0; i < adapter_count(); i++) {
        LUID luid = adapter_luid(i);
        if (memcmp(&luid, &open->luid, sizeof luid) != 0) continue;
        open->adapter = FIRST_HANDLE + (UINT)i;
        return 0;
    }
    return NO_SUCH_ADAPTER;
}

static LONG WINAPI query_adapter(QueryAdapter *query) {
    int index = (int)(query->adapter - FIRST_HANDLE);
    if (index < 0 || index >= adapter_count()) return NO_SUCH_ADAPTER;
    UINT *out = query->data;
    if (query->type == 6 && query->size == 12) { /* KMTQAITYPE_ADAPTERADDRESS */
        const char *pci = config_text("adapter.%d.pci", index);
        memset(out, 0xff, 12);
        if (pci != NULL) sscanf(pci, "%x:%x.%x", &out[0], &out[1], &out[2]);
        return 0;
    }
    if (query->type == 15 && query->size == 4) { /* KMTQAITYPE_ADAPTERTYPE */
        *out = (UINT)config_number(3, "adapter.%d.type", index);
        return 0;
    }
    return NO_SUCH_ADAPTER;
}

static LONG WINAPI close_adapter(const UINT *adapter) {
    return *adapter - FIRST_HANDLE < MOST_ADAPTERS ? 0 : NO_SUCH_ADAPTER;
}

/* mov rax, target; jmp rax */
static void jump_to(const char *name, void *target) {
    unsigned char code[12] = {0x48, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xe0};
    unsigned char *at = (unsigned char *)(void *)GetProcAddress(GetModuleHandleW(L"gdi32.dll"), name);
    DWORD before;
    memcpy(code + 2, &target, sizeof target);
    if (at == NULL || !VirtualProtect(at, sizeof code, PAGE_EXECUTE_READWRITE, &before)) return;
    memcpy(at, code, sizeof code);
    VirtualProtect(at, sizeof code, before, &before);
    FlushInstructionCache(GetCurrentProcess(), at, sizeof code);
}

void hook_d3dkmt(void) {
    static bool done;
    if (done) return;
    done = true;
    LoadLibraryW(L"gdi32.dll");
    jump_to("D3DKMTOpenAdapterFromLuid", (void *)open_adapter);
    jump_to("D3DKMTQueryAdapterInfo", (void *)query_adapter);
    jump_to("D3DKMTCloseAdapter", (void *)close_adapter);
}
