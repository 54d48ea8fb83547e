/*
 * Checks the numbers of workers/win32/structs.ts against the headers of Windows. `win32_numbers.h` is written from
 * that file by the test: each number as HMN_group_name.
 */
#define WIN32_NO_STATUS
#include <windows.h>
#undef WIN32_NO_STATUS
#include <ntstatus.h>
#include <psapi.h>
#include <stddef.h>
#include <tlhelp32.h>
#include <winternl.h>
#include "win32_numbers.h"

#define IS(group, name, value) \
  _Static_assert(HMN_##group##_##name == (value), "wrong: " #group "." #name)
#define SIZE(group, type) IS(group, size, sizeof(type))
#define AT(group, name, type, field) IS(group, name, offsetof(type, field))

SIZE(PROCESS_COUNTERS, PROCESS_MEMORY_COUNTERS_EX);
AT(PROCESS_COUNTERS, peakWorkingSetSize, PROCESS_MEMORY_COUNTERS_EX, PeakWorkingSetSize);
AT(PROCESS_COUNTERS, workingSetSize, PROCESS_MEMORY_COUNTERS_EX, WorkingSetSize);
AT(PROCESS_COUNTERS, privateUsage, PROCESS_MEMORY_COUNTERS_EX, PrivateUsage);

SIZE(MEMORY_STATUS, MEMORYSTATUSEX);
AT(MEMORY_STATUS, totalPhys, MEMORYSTATUSEX, ullTotalPhys);
AT(MEMORY_STATUS, availPhys, MEMORYSTATUSEX, ullAvailPhys);

SIZE(PERFORMANCE, PERFORMANCE_INFORMATION);
AT(PERFORMANCE, commitTotal, PERFORMANCE_INFORMATION, CommitTotal);
AT(PERFORMANCE, commitLimit, PERFORMANCE_INFORMATION, CommitLimit);
AT(PERFORMANCE, pageSize, PERFORMANCE_INFORMATION, PageSize);
AT(PERFORMANCE, processCount, PERFORMANCE_INFORMATION, ProcessCount);

SIZE(PROCESS_ENTRY, PROCESSENTRY32W);
AT(PROCESS_ENTRY, processId, PROCESSENTRY32W, th32ProcessID);
AT(PROCESS_ENTRY, exeFile, PROCESSENTRY32W, szExeFile);

SIZE(JOB_LIMITS, JOBOBJECT_EXTENDED_LIMIT_INFORMATION);
AT(JOB_LIMITS, limitFlags, JOBOBJECT_EXTENDED_LIMIT_INFORMATION, BasicLimitInformation.LimitFlags);
AT(JOB_LIMITS, processMemoryLimit, JOBOBJECT_EXTENDED_LIMIT_INFORMATION, ProcessMemoryLimit);
AT(JOB_LIMITS, jobMemoryLimit, JOBOBJECT_EXTENDED_LIMIT_INFORMATION, JobMemoryLimit);

SIZE(PAGE_FILE, SYSTEM_PAGEFILE_INFORMATION);
AT(PAGE_FILE, nextEntryOffset, SYSTEM_PAGEFILE_INFORMATION, NextEntryOffset);
AT(PAGE_FILE, totalSize, SYSTEM_PAGEFILE_INFORMATION, CurrentSize);
AT(PAGE_FILE, totalInUse, SYSTEM_PAGEFILE_INFORMATION, TotalUsed);

/* Behind the counters of memory the documentation has PrivatePageCount, which this header leaves out. */
#define COUNTERS offsetof(SYSTEM_PROCESS_INFORMATION, VirtualMemoryCounters)
AT(SYSTEM_PROCESS, nextEntryOffset, SYSTEM_PROCESS_INFORMATION, NextEntryOffset);
AT(SYSTEM_PROCESS, numberOfThreads, SYSTEM_PROCESS_INFORMATION, NumberOfThreads);
AT(SYSTEM_PROCESS, createTime, SYSTEM_PROCESS_INFORMATION, CreateTime);
AT(SYSTEM_PROCESS, userTime, SYSTEM_PROCESS_INFORMATION, UserTime);
AT(SYSTEM_PROCESS, kernelTime, SYSTEM_PROCESS_INFORMATION, KernelTime);
AT(SYSTEM_PROCESS, imageName, SYSTEM_PROCESS_INFORMATION, ImageName);
AT(SYSTEM_PROCESS, uniqueProcessId, SYSTEM_PROCESS_INFORMATION, UniqueProcessId);
AT(SYSTEM_PROCESS, inheritedFromProcessId, SYSTEM_PROCESS_INFORMATION, InheritedFromUniqueProcessId);
IS(SYSTEM_PROCESS, peakWorkingSetSize, COUNTERS + offsetof(VM_COUNTERS, PeakWorkingSetSize));
IS(SYSTEM_PROCESS, workingSetSize, COUNTERS + offsetof(VM_COUNTERS, WorkingSetSize));
IS(SYSTEM_PROCESS, privatePageCount, COUNTERS + sizeof(VM_COUNTERS));
IS(SYSTEM_PROCESS, size, COUNTERS + sizeof(VM_COUNTERS) + sizeof(SIZE_T));

SIZE(UNICODE_STRING, UNICODE_STRING);
AT(UNICODE_STRING, length, UNICODE_STRING, Length);
AT(UNICODE_STRING, buffer, UNICODE_STRING, Buffer);

SIZE(OBJECT_ATTRIBUTES, OBJECT_ATTRIBUTES);

SIZE(CLIENT_ID, CLIENT_ID);
AT(CLIENT_ID, uniqueProcess, CLIENT_ID, UniqueProcess);

SIZE(OS_VERSION, RTL_OSVERSIONINFOW);
AT(OS_VERSION, major, RTL_OSVERSIONINFOW, dwMajorVersion);
AT(OS_VERSION, minor, RTL_OSVERSIONINFOW, dwMinorVersion);
AT(OS_VERSION, build, RTL_OSVERSIONINFOW, dwBuildNumber);

SIZE(FILETIME, FILETIME);

IS(CONSTANTS, queryLimitedInformation, PROCESS_QUERY_LIMITED_INFORMATION);
IS(CONSTANTS, synchronize, SYNCHRONIZE);
IS(CONSTANTS, waitObject0, WAIT_OBJECT_0);
IS(CONSTANTS, snapshotOfProcesses, TH32CS_SNAPPROCESS);
IS(CONSTANTS, stillActive, STILL_ACTIVE);
IS(CONSTANTS, jobExtendedLimits, JobObjectExtendedLimitInformation);
IS(CONSTANTS, jobLimitsProcess, JOB_OBJECT_LIMIT_PROCESS_MEMORY);
IS(CONSTANTS, jobLimitsJob, JOB_OBJECT_LIMIT_JOB_MEMORY);
IS(CONSTANTS, systemProcesses, SystemProcessInformation);
IS(CONSTANTS, systemPageFiles, SystemPagefileInformation);

IS(STATUS, notImplemented, (ULONG)STATUS_NOT_IMPLEMENTED);
IS(STATUS, invalidInfoClass, (ULONG)STATUS_INVALID_INFO_CLASS);
IS(STATUS, infoLengthMismatch, (ULONG)STATUS_INFO_LENGTH_MISMATCH);
IS(STATUS, invalidCid, (ULONG)STATUS_INVALID_CID);
IS(STATUS, invalidParameter, (ULONG)STATUS_INVALID_PARAMETER);
IS(STATUS, accessDenied, (ULONG)STATUS_ACCESS_DENIED);

/* Those whose first field is their own size, which is written in front of each call. */
_Static_assert(offsetof(PROCESS_MEMORY_COUNTERS_EX, cb) == 0, "cb");
_Static_assert(offsetof(MEMORYSTATUSEX, dwLength) == 0, "dwLength");
_Static_assert(offsetof(PERFORMANCE_INFORMATION, cb) == 0, "cb");
_Static_assert(offsetof(PROCESSENTRY32W, dwSize) == 0, "dwSize");
_Static_assert(offsetof(OBJECT_ATTRIBUTES, Length) == 0, "Length");
_Static_assert(offsetof(RTL_OSVERSIONINFOW, dwOSVersionInfoSize) == 0, "dwOSVersionInfoSize");
/* What stands as u64 and u32 in workers/win32/libraries.ts. */
_Static_assert(sizeof(HANDLE) == 8 && sizeof(SIZE_T) == 8 && sizeof(HLOCAL) == 8, "u64");
_Static_assert(sizeof(DWORD) == 4 && sizeof(ULONG) == 4 && sizeof(UINT) == 4, "u32");
_Static_assert(sizeof(BOOL) == 4 && sizeof(NTSTATUS) == 4 && sizeof(JOBOBJECTINFOCLASS) == 4, "i32");
