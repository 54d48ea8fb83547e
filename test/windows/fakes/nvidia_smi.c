/*
 * A fake nvidia-smi.exe. What it does stands in files beside it, as it gets a small environment:
 *
 *   nvidia-smi.does       one word: `answers`, `hangs`, `spawns` (a process like itself that holds its pipes, then
 *                         hangs), `rambles` (bytes that are no text)
 *   nvidia-smi.QUESTION   what it prints for `query-gpu`, `query-compute-apps` or `version`
 *   nvidia-smi.exit       its exit code, else 0; with no answer it is 64
 *   nvidia-smi.log        it adds a line for each start: the question, and `console` where it has one
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

static char folder[MAX_PATH];

/* Reads a file beside the program; NULL where there is none. */
static char *read_beside(const char *name, size_t *size) {
    char path[MAX_PATH + 64];
    snprintf(path, sizeof path, "%s\\nvidia-smi.%s", folder, name);
    FILE *file = fopen(path, "rb");
    if (file == NULL) return NULL;
    char *text = calloc(1, 1 << 20);
    *size = fread(text, 1, (1 << 20) - 1, file);
    fclose(file);
    return text;
}

static const char *question_in(const char *command) {
    if (strstr(command, "--query-gpu=") != NULL) return "query-gpu";
    if (strstr(command, "--query-compute-apps=") != NULL) return "query-compute-apps";
    return strstr(command, "--version") != NULL ? "version" : "other";
}

static void write_log(const char *question) {
    char path[MAX_PATH + 64], line[128];
    DWORD attached[4], written;
    bool has_console = GetConsoleWindow() != NULL || GetConsoleProcessList(attached, 4) != 0;
    snprintf(path, sizeof path, "%s\\nvidia-smi.log", folder);
    int size = snprintf(line, sizeof line, "%s%s\n", question, has_console ? " console" : "");
    HANDLE file = CreateFileA(path, FILE_APPEND_DATA, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_ALWAYS, 0, NULL);
    if (file == INVALID_HANDLE_VALUE) return;
    WriteFile(file, line, (DWORD)size, &written, NULL);
    CloseHandle(file);
}

static void print(const void *bytes, size_t size) {
    DWORD written;
    WriteFile(GetStdHandle(STD_OUTPUT_HANDLE), bytes, (DWORD)size, &written, NULL);
}

static void ramble(void) {
    uint8_t bytes[1 << 16];
    uint32_t state = 1;
    for (size_t i = 0; i < sizeof bytes; i++) {
        state = state * 1664525 + 1013904223;
        bytes[i] = (uint8_t)(state >> 24);
    }
    print(bytes, sizeof bytes);
}

static void spawn_another(const char *program) {
    STARTUPINFOA how = {.cb = sizeof how, .dwFlags = STARTF_USESTDHANDLES};
    PROCESS_INFORMATION other;
    char command[] = "nvidia-smi.exe other";
    how.hStdOutput = GetStdHandle(STD_OUTPUT_HANDLE);
    how.hStdError = GetStdHandle(STD_ERROR_HANDLE);
    /* A real program has not begun anything yet when it is put into its job. */
    Sleep(300);
    CreateProcessA(program, command, NULL, NULL, TRUE, 0, NULL, NULL, &how, &other);
    print("spawned\n", 8);
}

int main(void) {
    char program[MAX_PATH];
    size_t size;
    GetModuleFileNameA(NULL, program, sizeof program);
    snprintf(folder, sizeof folder, "%s", program);
    *strrchr(folder, '\\') = '\0';
    const char *question = question_in(GetCommandLineA());
    write_log(question);
    const char *does = read_beside("does", &size);
    if (does == NULL) return 64;
    if (strcmp(question, "other") == 0) Sleep(INFINITE);
    if (strcmp(does, "spawns") == 0) spawn_another(program);
    if (strcmp(does, "hangs") == 0 || strcmp(does, "spawns") == 0) Sleep(INFINITE);
    if (strcmp(does, "rambles") == 0) return ramble(), 0;
    const char *answer = read_beside(question, &size);
    if (answer == NULL) return 64;
    print(answer, size);
    const char *code = read_beside("exit", &size);
    return code == NULL ? 0 : atoi(code);
}
