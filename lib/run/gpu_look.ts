/** Asks for the GPUs during a run, as often as makes sense. */
import { type Failure, toFailure } from "../errors.ts";
import type { GpuReply } from "../protocol.ts";
import type { Ask } from "./ask.ts";

/** nvidia-smi is a program: started at every tick, it would load the machine it measures. */
const SELDOM_MS = 1_000;

/** What one look gave. */
export interface GpuSight {
  /** The answer; `null` where there is none, or it was not asked for this time. */
  readonly gpu: GpuReply | null;
  /** It was asked for this time, or could not be told when it last was. */
  readonly isAsked: boolean;
  readonly failures: readonly Failure[];
}

/** Keeps when to ask again. */
export class GpuLook {
  readonly #ask: Ask;
  readonly #telemetry: boolean;
  #notBeforeMs = -Infinity;
  #failures: readonly Failure[] = [];
  #hasDevices = false;

  /** `telemetry`: utilisation, temperature, power and clocks too. */
  constructor(ask: Ask, { telemetry }: { readonly telemetry: boolean }) {
    this.#ask = ask;
    this.#telemetry = telemetry;
  }

  /** Never rejects. Where it is not the time to ask again, the failures are those of the last answer. */
  async look(): Promise<GpuSight> {
    const nowMs = performance.now();
    if (nowMs < this.#notBeforeMs) {
      // A driver that did not answer is not asked again at once, and its failures hold.
      return { gpu: null, isAsked: !this.#hasDevices, failures: this.#failures };
    }
    try {
      const gpu = await this.#ask({ kind: "gpu", processes: true, telemetry: this.#telemetry });
      const usesProgram = gpu.devices.some(({ source }) => source === "nvidia_smi");
      if (usesProgram || gpu.devices.length === 0) this.#notBeforeMs = nowMs + SELDOM_MS;
      this.#failures = gpu.failures;
      this.#hasDevices = gpu.devices.length > 0;
      return { gpu, isAsked: true, failures: gpu.failures };
    } catch (error) {
      return { gpu: null, isAsked: true, failures: [toFailure(error)] };
    }
  }
}
