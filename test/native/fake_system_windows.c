#ifdef _WIN32
#include "fake_system.h"

#include <stdio.h>
#include <string.h>
#include <windows.h>

#include <tlhelp32.h>

void library_folder(char *folder, size_t size) {
    DWORD how = GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT;
    HMODULE self;
    snprintf(folder, size, ".");
    if (!GetModuleHandleExA(how, (const char *)library_folder, &self)) return;
    if (GetModuleFileNameA(self, folder, (DWORD)size) == 0) return;
    char *end = strrchr(folder, '\\');
    if (end != NULL) *end = '\0';
}

void append_line(const char *path, const char *line, size_t size) {
    HANDLE file = CreateFileA(path, FILE_APPEND_DATA, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_ALWAYS, 0, NULL);
    DWORD written;
    if (file == INVALID_HANDLE_VALUE) return;
    WriteFile(file, line, (DWORD)size, &written, NULL);
    CloseHandle(file);
}

bool process_is_ending(void) {
    FARPROC ask = GetProcAddress(GetModuleHandleA("ntdll.dll"), "RtlDllShutdownInProgress");
    return ask != NULL && ((BOOLEAN(*)(void))(void *)ask)();
}

uint32_t parent_pid(void) {
    PROCESSENTRY32 entry = {.dwSize = sizeof entry};
    HANDLE all = CreateToolhelp32Snapshot(TH32CS_SNAPPROCESS, 0);
    BOOL more = Process32First(all, &entry);
    while (more && entry.th32ProcessID != GetCurrentProcessId()) more = Process32Next(all, &entry);
    CloseHandle(all);
    return more ? entry.th32ParentProcessID : 0;
}
#endif
