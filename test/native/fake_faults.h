/* What every call of the library goes through: the log, and the faults that the configuration asks for. */
#ifndef FAKE_FAULTS_H
#define FAKE_FAULTS_H

/* A call that is about no device. */
#define NO_DEVICE (-1)

/*
 * Enters the call of `function` on device `device`. It may not return (hang, crash). Otherwise gives the
 * code the call has to return at once, or NVML_OK where it shall do its work.
 */
int enter(const char *function, int device);

#endif
