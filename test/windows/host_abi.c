/*
 * Checks the numbers of workers/host/job_object.ts against the headers of Windows. `host_numbers.h` is written from
 * that file by the test: each number as HMN_name.
 */
#include <windows.h>
#include "host_numbers.h"

#define IS(name, value) _Static_assert(HMN_##name == (value), "wrong: " #name)

IS(killOnJobClose, JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE);
IS(mayTerminate, PROCESS_TERMINATE);
IS(maySetQuota, PROCESS_SET_QUOTA);
IS(mayDuplicateHandle, PROCESS_DUP_HANDLE);
IS(mayAssign, JOB_OBJECT_ASSIGN_PROCESS);
IS(sameAccess, DUPLICATE_SAME_ACCESS);
