#include "fake_faults.h"

#include "fake_config.h"
#include "fake_system.h"
#include "nvml_abi.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* The driver's lock: each call and the destructor pass through it; `hang.FUNCTION=lock` never lets go. */
static pthread_mutex_t driver = PTHREAD_MUTEX_INITIALIZER;

static atomic_uint calls;

static void write_log(const char *function, int device) {
    const char *path = config_text("log");
    char line[128];
    if (path == NULL) return;
    int size = device == NO_DEVICE ? snprintf(line, sizeof line, "%s\n", function)
                                   : snprintf(line, sizeof line, "%s %d\n", function, device);
    append_line(path, line, (size_t)size);
}

/* Value of the most particular line: of the function on the device, of the function, of every function. */
static const char *fault(const char *kind, const char *function, int device) {
    const char *value = config_text("%s.%s.%d", kind, function, device);
    if (value == NULL) value = config_text("%s.%s", kind, function);
    if (value == NULL) value = config_text("%s.*", kind);
    return value;
}

/* How often this function was called before; `function` is its own name, so its address identifies it. */
static unsigned calls_before(const char *function) {
    static struct {
        const char *function;
        unsigned count;
    } seen[64];
    static pthread_mutex_t counting = PTHREAD_MUTEX_INITIALIZER;
    unsigned before = 0;
    pthread_mutex_lock(&counting);
    for (int i = 0; i < 64; i++) {
        if (seen[i].function != NULL && seen[i].function != function) continue;
        seen[i].function = function;
        before = seen[i].count++;
        break;
    }
    pthread_mutex_unlock(&counting);
    return before;
}

static void sleep_for_ever(void) {
    for (;;) sleep(1000);
}

static void hang(const char *how) {
    if (strcmp(how, "busy") == 0) {
        for (volatile unsigned spin = 0;; spin++) {}
    }
    if (strcmp(how, "lock") == 0) pthread_mutex_lock(&driver);
    sleep_for_ever();
}

static void crash(const char *how) {
    int *volatile nowhere = NULL;
    if (strcmp(how, "segv") == 0) *(volatile int *)nowhere = 1;
    abort();
}

static void be_slow(uint64_t milliseconds) {
    struct timespec left = {(time_t)(milliseconds / 1000), (long)(milliseconds % 1000) * 1000000};
    while (nanosleep(&left, &left) != 0) {}
}

/* `lost.I=N` or `lost.I=N,M`: gone after N calls of any function, back after M more. */
static bool is_lost(int device, unsigned call) {
    const char *rule = device == NO_DEVICE ? NULL : config_text("lost.%d", device);
    unsigned from = 0, length = UINT32_MAX;
    if (rule == NULL || sscanf(rule, "%u,%u", &from, &length) < 1) return false;
    return call >= from && call - from < length;
}

int enter(const char *function, int device) {
    config_read(strncmp(function, "nvmlInit", 8) != 0);
    unsigned call = atomic_fetch_add(&calls, 1);
    unsigned before = calls_before(function);
    write_log(function, device);
    bool due = before >= config_number(0, "after.%s", function);
    const char *how;
    if (due && (how = fault("slow", function, device)) != NULL) be_slow(number_from(how));
    if (due && (how = fault("crash", function, device)) != NULL) crash(how);
    if (due && (how = fault("hang", function, device)) != NULL) hang(how);
    pthread_mutex_lock(&driver);
    pthread_mutex_unlock(&driver);
    if (due && (how = fault("code", function, device)) != NULL) return (int)number_from(how);
    return is_lost(device, call) ? NVML_GPU_IS_LOST : NVML_OK;
}

__attribute__((destructor)) static void unload(void) {
        /* Windows has ended the other threads by then: who waits for a lock that one of them held waits for ever. */
    bool without_locks = process_is_ending();
    if (!without_locks) config_read(true);
    write_log("destructor", NO_DEVICE);
    if (config_text("hang.destructor") != NULL) sleep_for_ever();
    if (without_locks) return;
    pthread_mutex_lock(&driver);
    pthread_mutex_unlock(&driver);
}
