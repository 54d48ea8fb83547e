/** The GPUs of a session: one that was seen once stays, so that its absence is told and not passed over. */
import { deviceKey } from "../../device_key.ts";
import type { Failure } from "../../errors.ts";
import type { GpuReply } from "../../protocol.ts";
import type { DeviceInfo } from "../../records.ts";
import type { GpuSample } from "../tick.ts";
import { gapOf } from "./gap_text.ts";

/** Remembers the GPUs, in the order in which they were first seen. */
export class GpuRoster {
  readonly #seen = new Map<string, DeviceInfo>();

  /** Every GPU seen so far, as it was last seen. */
  get devices(): readonly DeviceInfo[] {
    return [...this.#seen.values()];
  }

  /** The GPUs at one tick; `reply` is `null` where none came, with the reason in `failures`. */
  observe(reply: GpuReply | null, failures: readonly Failure[]): readonly GpuSample[] {
    const present = new Map((reply?.devices ?? []).map((device) => [deviceKey(device), device]));
    for (const [key, device] of present) this.#seen.set(key, device);
    return [...this.#seen].map(([key, { index, uuid }]) => {
      const device = present.get(key);
      const own = failures.filter(({ deviceIndex }) => (deviceIndex ?? index) === index);
      if (device === undefined) return { index, uuid, device: null, gap: gapOf(own, "hmn absent") };
      const isUnknown = device.usedBytes === null;
      const state = device.state === "ok" ? "hmn not_told" : `${device.source} ${device.state}`;
      return { index, uuid, device, gap: isUnknown ? gapOf(own, state) : null };
    });
  }
}
