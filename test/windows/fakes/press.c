/*
 * press.exe KEYS MS COMMAND: runs a command in a console of its own, presses Ctrl+C (`c`) or Ctrl+Break (`break`) there
 * after so many milliseconds, and ends with the exit code of the command.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

static BOOL WINAPI ignore(DWORD event) { return (void)event, TRUE; }

/* The n-th argument and all behind it, as they were written. */
static char *arguments_from(int n) {
    char *at = GetCommandLineA();
    while (n-- > 0) {
        bool quoted = false;
        for (; *at != '\0' && (quoted || *at != ' '); at++) quoted ^= *at == '"';
        while (*at == ' ') at++;
    }
    return at;
}

int main(int count, char **words) {
    STARTUPINFOA how = {.cb = sizeof how, .dwFlags = STARTF_USESTDHANDLES};
    PROCESS_INFORMATION started;
    DWORD code;
    if (count < 4) return 64;
    how.hStdOutput = GetStdHandle(STD_OUTPUT_HANDLE);
    how.hStdError = GetStdHandle(STD_ERROR_HANDLE);
    FreeConsole();
    if (!AllocConsole()) return 65;
    SetConsoleCtrlHandler(ignore, TRUE);
    if (!CreateProcessA(NULL, arguments_from(3), NULL, NULL, TRUE, 0, NULL, NULL, &how, &started)) return 66;
    Sleep((DWORD)atoi(words[2]));
    /* Everybody who is attached to this console hears it. */
    if (!GenerateConsoleCtrlEvent(strcmp(words[1], "c") == 0 ? CTRL_C_EVENT : CTRL_BREAK_EVENT, 0)) return 67;
    WaitForSingleObject(started.hProcess, 30000);
    GetExitCodeProcess(started.hProcess, &code);
    return (int)code;
}
