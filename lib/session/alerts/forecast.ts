/** Alerts about limits that are reached soon, if memory grows on as it did of late. */
import { deviceKey } from "../../device_key.ts";
import { formatSize, roundHalfEven } from "../../format.ts";
import type { Bytes, DeviceInfo } from "../../records.ts";
import type { CalmSettings, ForecastSettings, RamSettings } from "../config/settings.ts";
import type { SessionTick } from "../tick.ts";
import type { AlertRule, Judgement } from "./alert.ts";
import { Drift } from "./drift.ts";
import { known, knownTotal, lowerLimit } from "./limits.ts";
import { Threshold } from "./threshold.ts";

/** It is critical when the limit is nearer than this share of the horizon. */
const CRITICAL_SHARE = 1 / 3;
/** A forecast wavers more than a measurement, so it ends only when the limit is this much further away. */
const HYSTERESIS_RATIO = 1 / 3;
/** … and has been so for this share of the window. */
const CLEAR_SHARE = 0.2;

/** Samples that are looked back at least, however far apart they are. */
const LEAST_SAMPLES = 30;

/** What a forecast is made of. */
export interface ForecastOptions {
  readonly forecast: ForecastSettings;
  readonly ram: RamSettings;
  readonly calm: CalmSettings;
  readonly intervalMs: number;
}

/** An amount and what it may reach. */
interface Amount {
  readonly key: string;
  readonly subject: string;
  readonly what: string;
  readonly usedBytes: Bytes;
  readonly limitBytes: Bytes;
}

/** One forecast for each GPU, one for RAM, and one for the cgroup's limit, where there is one. */
export class ForecastRule implements AlertRule {
  readonly #windowMs: number;
  readonly #horizonMs: number;
  readonly #ramLimitBytes: Bytes;
  readonly #calm: CalmSettings;
  readonly #forecasts = new Map<string, { readonly drift: Drift; readonly threshold: Threshold }>();

  constructor({ forecast, ram, calm, intervalMs }: ForecastOptions) {
    this.#windowMs = Math.max(forecast.windowMs, LEAST_SAMPLES * intervalMs);
    this.#horizonMs = forecast.horizonMs;
    this.#ramLimitBytes = ram.limitBytes;
    this.#calm = {
      minimumMs: calm.minimumMs,
      hysteresisRatio: Math.max(calm.hysteresisRatio, HYSTERESIS_RATIO),
      clearMs: Math.max(calm.clearMs, CLEAR_SHARE * this.#windowMs),
    };
  }

  judge(tick: SessionTick, watchedMs: number): readonly Judgement[] {
    if (this.#horizonMs === 0) return [];
    return amountsOf(tick, this.#ramLimitBytes)
      .flatMap((amount) => this.#judge(amount, tick.elapsedMs, watchedMs));
  }

  #judge(amount: Amount, atMs: number, watchedMs: number): Judgement[] {
    const { key, subject, what, usedBytes, limitBytes } = amount;
    const horizonMs = this.#horizonMs;
    const forecast = this.#forecasts.get(key) ?? {
      drift: new Drift(this.#windowMs),
      threshold: new Threshold(this.#calm, { isWarningAtLimit: true, isCriticalAtLimit: true }),
    };
    this.#forecasts.set(key, forecast);
    const { drift, threshold } = forecast;
    if (usedBytes !== null) drift.observe(usedBytes, atMs);
    const { slope } = drift;
    if (usedBytes === null || limitBytes === null || slope === null) {
      threshold.pass(watchedMs);
      return [];
    }
    const left = Math.max(0, limitBytes - usedBytes);
    const inMs = slope.rate > 0 ? left / slope.rate : Infinity;
    // The nearer, the graver: 1 at the horizon, 2 at half of it.
    threshold.observe(
      Math.min(horizonMs / inMs, Number.MAX_VALUE),
      { warning: 1, critical: 1 / CRITICAL_SHARE },
      watchedMs,
    );
    const { severity } = threshold;
    const marginMs = slope.low > 0 ? (left / slope.low - left / slope.high) / 2 : 0;
    return [{
      kind: "forecast",
      key,
      subject,
      topic: `${subject} forecast`,
      severity,
      value: inMs === Infinity ? null : inMs,
      limit: severity === "critical" ? CRITICAL_SHARE * horizonMs : horizonMs,
      unit: "ms",
      message: () =>
        inMs === Infinity
          ? `${what} ${formatSize(usedBytes)} does not grow steadily any more`
          : `${what} ${formatSize(usedBytes)} grows by ${formatSize(slope.rate * 60_000)} ` +
            `a minute: limit of ${formatSize(limitBytes)} reached in ${inMinutes(inMs, marginMs)}`,
    }];
  }
}

function amountsOf({ gpus, system }: SessionTick, ramLimitBytes: Bytes): readonly Amount[] {
  const cgroup = system?.cgroup ?? null;
  return [
    ...(gpus ?? []).map((sample) => ({
      key: `gpu ${deviceKey(sample)}`,
      subject: `gpu ${sample.index}`,
      what: `GPU ${sample.index} memory`,
      usedBytes: known(sample.device?.usedBytes),
      limitBytes: sample.device === null ? null : usableBytes(sample.device),
    })),
    {
      key: "ram",
      subject: "ram",
      what: "RAM",
      usedBytes: known(system?.usedBytes),
      limitBytes: lowerLimit(1, knownTotal(system?.totalBytes), ramLimitBytes),
    },
    {
      key: "cgroup",
      subject: "cgroup",
      what: "cgroup memory",
      usedBytes: known(cgroup?.workingSetBytes),
      limitBytes: knownTotal(cgroup?.limitBytes),
    },
  ];
}

/** What processes can have of a GPU: without the reserve, where that is known and not counted as used. */
function usableBytes({ totalBytes, reservedBytes, usedIncludesReserved }: DeviceInfo): Bytes {
  const total = knownTotal(totalBytes);
  if (total === null) return null;
  return usedIncludesReserved ? total : total - (known(reservedBytes) ?? 0);
}

/** `6 min ± 2`, and in seconds below 3 minutes. */
function inMinutes(ms: number, marginMs: number): string {
  const [unitMs, unit] = ms < 180_000 ? [1_000, "s"] : [60_000, "min"];
  const margin = Math.max(1, Math.ceil(marginMs / unitMs));
  return `${roundHalfEven(ms / unitMs, 0)} ${unit} ± ${margin}`;
}
