/** Two stand-ins for nvidia-smi: one that prints at once, and one that takes the real one's 7.6 ms. */
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const SOURCE = `
#include <stdio.h>
#include <unistd.h>
int main(void) {
  usleep(WAIT_US);
  puts("0, GPU-0, NVIDIA Fake, 16384, 1024");
  return 0;
}
`;

/** Compiles both. */
export function fakeSmiForBench(): Promise<
  { instant: string; realistic: string; cleanup(): void }
> {
  const dir = mkdtempSync(join(tmpdir(), "hmn-bench-"));
  const source = join(dir, "smi.c");
  writeFileSync(source, SOURCE);
  const compile = (name: string, waitUs: number) => {
    const program = join(dir, name);
    execFileSync("gcc", ["-O1", `-DWAIT_US=${waitUs}`, "-o", program, source]);
    return program;
  };
  return Promise.resolve({
    instant: compile("instant", 0),
    // With the start of the process this comes to about 7.6 ms.
    realistic: compile("realistic", 6_600),
    cleanup: () => rmSync(dir, { recursive: true, force: true }),
  });
}

/** Runs a program to its end and reads what it prints. */
export function runOnce(program: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, [], { stdio: ["ignore", "pipe", "ignore"] });
    child.stdout.resume();
    child.on("error", reject);
    child.on("close", () => resolve());
  });
}
