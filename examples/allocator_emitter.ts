/**
 * Reports what an allocator of this program holds to a running `hmn serve` or `hmn record --listen PORT`, once per step.
 *
 *     bun examples/allocator_emitter.ts http://127.0.0.1:9700
 *
 * Port 9700 is where `hmn serve` listens unless it was told otherwise. A server that asks for a token finds it in the
 * environment: HMN_TOKEN is sent as `Authorization: Bearer …`.
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
    const token = process.env.HMN_TOKEN;
    const response = await fetch(`${url.replace(/\/+$/, "")}/v1/telemetry`, {
      method: "POST",
      redirect: "error",
      signal: AbortSignal.timeout(250),
      headers: {
        "content-type": "application/json",
        ...(token ? { authorization: `Bearer ${token}` } : {}),
      },
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
