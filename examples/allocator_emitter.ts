/**
 * Reports what an allocator of this program holds to a running `hmn record --listen PORT`, once per step.
 *
 *     bun examples/allocator_emitter.ts http://127.0.0.1:PORT
 */
import process from "node:process";

/** What an allocator holds, in bytes. */
export interface Held {
  readonly allocatedBytes: number;
  readonly reservedBytes: number;
  readonly peakBytes?: number;
}

/** Sends one report; `true`: it was taken. Never rejects, and waits a quarter of a second at most. */
export async function report(url: string, held: Held, step?: number): Promise<boolean> {
  try {
    const response = await fetch(new URL("/v1/telemetry", url), {
      method: "POST",
      redirect: "error",
      signal: AbortSignal.timeout(250),
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ ...held, pid: process.pid, step }),
    });
    await response.body?.cancel();
    return response.status === 204;
  } catch {
    return false;
  }
}

/** An arena that grows by 16 MiB, and the work that fills and empties it. */
if (import.meta.main) {
  const MIB = 2 ** 20;
  const url = process.argv[2];
  let [reservedBytes, peakBytes] = [0, 0];
  for (const [step, allocatedBytes] of [4 * MIB, 24 * MIB, 8 * MIB].entries()) {
    while (reservedBytes < allocatedBytes) reservedBytes += 16 * MIB;
    peakBytes = Math.max(peakBytes, allocatedBytes);
    const held = { allocatedBytes, reservedBytes, peakBytes };
    const taken = url !== undefined && await report(url, held, step);
    console.log(
      `step ${step}: ${allocatedBytes} of ${reservedBytes} bytes${taken ? ", reported" : ""}`,
    );
  }
}
