/*
 * Checks the numbers of workers/gpu/dxgi/abi.ts, workers/gpu/pdh/abi.ts and workers/gpu/adapter_address.ts against the
 * headers of Windows. `dxgi_pdh_numbers.h` is written from those files by the test: each number as HMN_group_name, and
 * the names of statuses as NAMED(name, number).
 */
#define COBJMACROS
#define CINTERFACE
#include <windows.h>
/* Each GUID of the headers that follow as sixteen constants, its bytes as they stand in memory. */
#undef DEFINE_GUID
#define DEFINE_GUID(name, l, w1, w2, b8, b9, b10, b11, b12, b13, b14, b15) \
  enum { \
    name##_0 = (l) & 0xff, name##_1 = (l) >> 8 & 0xff, name##_2 = (l) >> 16 & 0xff, \
    name##_3 = (l) >> 24 & 0xff, name##_4 = (w1) & 0xff, name##_5 = (w1) >> 8, \
    name##_6 = (w2) & 0xff, name##_7 = (w2) >> 8, name##_8 = b8, name##_9 = b9, \
    name##_10 = b10, name##_11 = b11, name##_12 = b12, name##_13 = b13, name##_14 = b14, \
    name##_15 = b15 \
  };
#include <dxgi1_4.h>
#include <pdh.h>
#include <pdhmsg.h>
#include <stddef.h>
#define NAMED(name, number) \
  _Static_assert((unsigned)(name) == (number), "wrong: NAME." #name);
#include "dxgi_pdh_numbers.h"

#define IS(group, name, value) \
  _Static_assert(HMN_##group##_##name == (unsigned)(value), "wrong: " #group "." #name)
#define SIZE(group, type) IS(group, size, sizeof(type))
#define AT(group, name, type, field) IS(group, name, offsetof(type, field))
#define IN_TABLE(interface, method) IS(SLOT, method, offsetof(interface##Vtbl, method) / sizeof(void *))

IN_TABLE(IUnknown, QueryInterface);
IN_TABLE(IUnknown, Release);
IN_TABLE(IDXGIAdapter1, GetDesc1);
IN_TABLE(IDXGIFactory1, EnumAdapters1);
IN_TABLE(IDXGIFactory1, IsCurrent);
IN_TABLE(IDXGIAdapter3, QueryVideoMemoryInfo);
/* The child has its parents' methods in the same places. */
_Static_assert(offsetof(IDXGIAdapter3Vtbl, GetDesc1) == offsetof(IDXGIAdapter1Vtbl, GetDesc1), "GetDesc1");
_Static_assert(offsetof(IDXGIAdapter3Vtbl, Release) == offsetof(IUnknownVtbl, Release), "Release");

#define IID(group, iid) \
  IS(group, 0, iid##_0); IS(group, 1, iid##_1); IS(group, 2, iid##_2); IS(group, 3, iid##_3); \
  IS(group, 4, iid##_4); IS(group, 5, iid##_5); IS(group, 6, iid##_6); IS(group, 7, iid##_7); \
  IS(group, 8, iid##_8); IS(group, 9, iid##_9); IS(group, 10, iid##_10); IS(group, 11, iid##_11); \
  IS(group, 12, iid##_12); IS(group, 13, iid##_13); IS(group, 14, iid##_14); IS(group, 15, iid##_15)
IID(IID_FACTORY1, IID_IDXGIFactory1);
IID(IID_ADAPTER3, IID_IDXGIAdapter3);

SIZE(DESC1, DXGI_ADAPTER_DESC1);
AT(DESC1, description, DXGI_ADAPTER_DESC1, Description);
IS(DESC1, descriptionBytes, sizeof(((DXGI_ADAPTER_DESC1 *)0)->Description));
AT(DESC1, vendorId, DXGI_ADAPTER_DESC1, VendorId);
AT(DESC1, deviceId, DXGI_ADAPTER_DESC1, DeviceId);
AT(DESC1, dedicatedVideoMemory, DXGI_ADAPTER_DESC1, DedicatedVideoMemory);
AT(DESC1, sharedSystemMemory, DXGI_ADAPTER_DESC1, SharedSystemMemory);
AT(DESC1, luidLow, DXGI_ADAPTER_DESC1, AdapterLuid.LowPart);
AT(DESC1, luidHigh, DXGI_ADAPTER_DESC1, AdapterLuid.HighPart);
AT(DESC1, flags, DXGI_ADAPTER_DESC1, Flags);

IS(FLAG, remote, DXGI_ADAPTER_FLAG_REMOTE);
IS(FLAG, software, DXGI_ADAPTER_FLAG_SOFTWARE);

SIZE(MEMORY_INFO, DXGI_QUERY_VIDEO_MEMORY_INFO);
AT(MEMORY_INFO, budget, DXGI_QUERY_VIDEO_MEMORY_INFO, Budget);
AT(MEMORY_INFO, currentUsage, DXGI_QUERY_VIDEO_MEMORY_INFO, CurrentUsage);
AT(MEMORY_INFO, availableForReservation, DXGI_QUERY_VIDEO_MEMORY_INFO, AvailableForReservation);
AT(MEMORY_INFO, currentReservation, DXGI_QUERY_VIDEO_MEMORY_INFO, CurrentReservation);

IS(SEGMENT, local, DXGI_MEMORY_SEGMENT_GROUP_LOCAL);
IS(SEGMENT, nonLocal, DXGI_MEMORY_SEGMENT_GROUP_NON_LOCAL);

SIZE(ITEM, PDH_FMT_COUNTERVALUE_ITEM_W);
AT(ITEM, name, PDH_FMT_COUNTERVALUE_ITEM_W, szName);
AT(ITEM, status, PDH_FMT_COUNTERVALUE_ITEM_W, FmtValue.CStatus);
AT(ITEM, value, PDH_FMT_COUNTERVALUE_ITEM_W, FmtValue.largeValue);

IS(FORMAT, all, PDH_FMT_LARGE | PDH_FMT_NOSCALE);
IS(STATUS, ok, ERROR_SUCCESS);
_Static_assert(PDH_CSTATUS_VALID_DATA == ERROR_SUCCESS, "PDH_CSTATUS_VALID_DATA");
IS(STATUS, newData, PDH_CSTATUS_NEW_DATA);
IS(STATUS, noInstance, PDH_CSTATUS_NO_INSTANCE);
IS(STATUS, moreData, PDH_MORE_DATA);
IS(STATUS, noData, PDH_NO_DATA);
IS(STATUS, noObject, PDH_CSTATUS_NO_OBJECT);
IS(STATUS, noCounter, PDH_CSTATUS_NO_COUNTER);

IS(LOCAL_ALLOC, zeroInit, LMEM_ZEROINIT);

/*
 * No header that Debian has tells of these, so they are written down here a second time, after the documentation of
 * d3dkmthk.h, and the compiler lays them out.
 */
typedef UINT KmtHandle;
typedef struct {
  LUID AdapterLuid;
  KmtHandle hAdapter;
} OpenAdapterFromLuid;
typedef struct {
  KmtHandle hAdapter;
  int Type;
  VOID *pPrivateDriverData;
  UINT PrivateDriverDataSize;
} QueryAdapterInfo;
typedef struct {
  UINT BusNumber, DeviceNumber, FunctionNumber;
} AdapterAddress;

SIZE(OPEN_BY_LUID, OpenAdapterFromLuid);
AT(OPEN_BY_LUID, low, OpenAdapterFromLuid, AdapterLuid.LowPart);
AT(OPEN_BY_LUID, high, OpenAdapterFromLuid, AdapterLuid.HighPart);
AT(OPEN_BY_LUID, adapter, OpenAdapterFromLuid, hAdapter);
SIZE(QUERY_INFO, QueryAdapterInfo);
AT(QUERY_INFO, adapter, QueryAdapterInfo, hAdapter);
AT(QUERY_INFO, type, QueryAdapterInfo, Type);
AT(QUERY_INFO, data, QueryAdapterInfo, pPrivateDriverData);
AT(QUERY_INFO, dataSize, QueryAdapterInfo, PrivateDriverDataSize);
SIZE(ADDRESS, AdapterAddress);
AT(ADDRESS, bus, AdapterAddress, BusNumber);
AT(ADDRESS, device, AdapterAddress, DeviceNumber);
AT(ADDRESS, function, AdapterAddress, FunctionNumber);
IS(INFO_TYPE, address, 6);      /* KMTQAITYPE_ADAPTERADDRESS */
IS(INFO_TYPE, adapterType, 15); /* KMTQAITYPE_ADAPTERTYPE */
/* RenderSupported, DisplaySupported, SoftwareDevice, PostDevice, HybridDiscrete, HybridIntegrated, IndirectDisplay */
IS(TYPE_BITS, softwareDevice, 4);
IS(TYPE_BITS, hybridIntegrated, 32);
IS(TYPE_BITS, indirectDisplay, 64);
