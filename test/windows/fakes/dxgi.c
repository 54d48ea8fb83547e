/*
 * A dxgi.dll whose adapters are written in the configuration. Its objects are made of the header's own tables of
 * methods, of which only the used ones are there: a call into a wrong place ends the process.
 */
#define COBJMACROS
#define CINTERFACE
#include <initguid.h>
#include "fake_gpu.h"

#include <dxgi1_4.h>
#include <string.h>

typedef struct {
    IDXGIAdapter3Vtbl *table;
    int index;
    LONG references;
} Adapter;

static Adapter adapters[MOST_ADAPTERS], adapters3[MOST_ADAPTERS];

#define KEY(name) "adapter.%d." name

static ULONG STDMETHODCALLTYPE release(IDXGIAdapter3 *this) {
    Adapter *self = (Adapter *)this;
    /* One release too many is a defect. */
    if (self->references == 0) abort();
    return (ULONG)InterlockedDecrement(&self->references);
}

static HRESULT STDMETHODCALLTYPE query_interface(IDXGIAdapter3 *this, REFIID iid, void **out) {
    int index = ((Adapter *)this)->index;
    HRESULT code = (HRESULT)config_number(0, KEY("adapter3"), index);
    *out = NULL;
    if (code != 0) return code;
    if (!IsEqualIID(iid, &IID_IDXGIAdapter3)) return E_NOINTERFACE;
    InterlockedIncrement(&adapters3[index].references);
    *out = &adapters3[index];
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE get_desc1(IDXGIAdapter3 *this, DXGI_ADAPTER_DESC1 *desc) {
    int index = ((Adapter *)this)->index;
    HRESULT code = (HRESULT)fault("GetDesc1");
    if (code == 0) code = (HRESULT)config_number(0, KEY("desc"), index);
    if (code != 0) return code;
    memset(desc, 0, sizeof *desc);
    const char *name = config_text(KEY("name"), index);
    to_utf16(name == NULL ? "Fake GPU" : name, desc->Description, 128);
    desc->VendorId = (UINT)config_number(0x10de, KEY("vendor"), index);
    desc->DeviceId = (UINT)config_number(0x2684, KEY("device"), index);
    desc->SubSysId = 0x11223344;
    desc->Revision = 161;
    desc->DedicatedVideoMemory = config_number(0, KEY("dedicated"), index);
    desc->DedicatedSystemMemory = 12345;
    desc->SharedSystemMemory = config_number(0, KEY("shared"), index);
    desc->AdapterLuid = adapter_luid(index);
    desc->Flags = (UINT)config_number(0, KEY("flags"), index);
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE query_memory(IDXGIAdapter3 *this, UINT node, DXGI_MEMORY_SEGMENT_GROUP group,
                                              DXGI_QUERY_VIDEO_MEMORY_INFO *info) {
    int index = ((Adapter *)this)->index;
    HRESULT code = (HRESULT)fault("QueryVideoMemoryInfo");
    if (code == 0) code = (HRESULT)config_number(0, KEY("info"), index);
    if (code != 0) return code;
    if (node != 0 || group > DXGI_MEMORY_SEGMENT_GROUP_NON_LOCAL) return E_INVALIDARG;
    const char *segment = group == DXGI_MEMORY_SEGMENT_GROUP_LOCAL ? "local" : "nonlocal";
    info->CurrentUsage = config_number(0, KEY("%s.usage"), index, segment);
    if (config_number(0, "usage_is_pid") != 0) info->CurrentUsage = GetCurrentProcessId();
    info->Budget = config_number(0, KEY("%s.budget"), index, segment);
    info->CurrentReservation = config_number(0, KEY("%s.reserved"), index, segment);
    info->AvailableForReservation = config_number(0, KEY("%s.reservable"), index, segment);
    return S_OK;
}

typedef struct {
    IDXGIFactory1Vtbl *table;
    LONG references;
} Factory;

static HRESULT STDMETHODCALLTYPE enum_adapters1(IDXGIFactory1 *this, UINT wanted, IDXGIAdapter1 **out) {
    (void)this;
    *out = NULL;
    HRESULT code = (HRESULT)fault("EnumAdapters1");
    if (code != 0) return code;
    int count = adapter_count(), index = 0;
    /* A hidden one is known to gdi32.dll alone. */
    for (UINT seen = 0; index < count; index++)
        if (config_number(0, KEY("hidden"), index) == 0 && seen++ == wanted) break;
    if (index == count) return DXGI_ERROR_NOT_FOUND;
    code = (HRESULT)config_number(0, KEY("enum"), index);
    if (code != 0) return code;
    InterlockedIncrement(&adapters[index].references);
    *out = (IDXGIAdapter1 *)&adapters[index];
    return S_OK;
}

static BOOL STDMETHODCALLTYPE is_current(IDXGIFactory1 *this) {
    (void)this;
    config_read();
    return config_number(1, "current") != 0;
}

static ULONG STDMETHODCALLTYPE release_factory(IDXGIFactory1 *this) {
    Factory *self = (Factory *)this;
    if (self->references == 0) abort();
    return (ULONG)InterlockedDecrement(&self->references);
}

__declspec(dllexport) HRESULT WINAPI CreateDXGIFactory1(REFIID iid, void **out) {
    static IDXGIAdapter3Vtbl plain = {.QueryInterface = query_interface, .Release = release, .GetDesc1 = get_desc1};
    static IDXGIAdapter3Vtbl third = {.Release = release, .QueryVideoMemoryInfo = query_memory};
    static IDXGIFactory1Vtbl factory_table = {
        .Release = release_factory, .EnumAdapters1 = enum_adapters1, .IsCurrent = is_current};
    static Factory factory = {&factory_table, 0};
    config_read();
    hook_d3dkmt();
    HRESULT code = (HRESULT)fault("CreateDXGIFactory1");
    *out = NULL;
    if (code != 0) return code;
    if (!IsEqualIID(iid, &IID_IDXGIFactory1)) return E_NOINTERFACE;
    for (int i = 0; i < MOST_ADAPTERS; i++) {
        adapters[i].table = &plain;
        adapters3[i].table = &third;
        adapters[i].index = adapters3[i].index = i;
        /* Who asks for a new list has given back what he had of the old one. */
        if (adapters[i].references != 0 || adapters3[i].references != 0) abort();
    }
    InterlockedIncrement(&factory.references);
    *out = &factory;
    return S_OK;
}
