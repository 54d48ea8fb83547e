/** The sentences of alerts. Pure. */
import { formatSize, roundHalfEven } from "../../format.ts";
import type { Bytes } from "../../records.ts";
import type { WatchedSample } from "../tick.ts";
import type { AlertSeverity } from "./alert.ts";
import type { TwoLimits } from "./limits.ts";

/** `14 %`: a share, in whole per cent or, where that is little, with one decimal. */
export function formatShare(ratio: number): string {
  return `${roundHalfEven(ratio * 100, ratio < 0.1 ? 1 : 0)} %`;
}

/** What an amount is compared with, and what that is called. */
export interface NamedLimit {
  readonly limit: number | null;
  /** `critical limit` */
  readonly name: string;
}

/** The limit that decides at a severity; with nothing to be alerted about, the lower one. */
export function decisiveLimit(
  severity: AlertSeverity | null,
  { warning, critical }: TwoLimits,
  warningName: string,
): NamedLimit {
  return severity === "critical" || (severity === null && warning === null)
    ? { limit: critical, name: "critical limit" }
    : { limit: warning, name: warningName };
}

/** `GPU 0 memory 10.2 GiB of 12.0 GiB is above its critical limit of 10.0 GiB` */
export function limitSentence(
  what: string,
  bytes: number,
  totalBytes: Bytes,
  severity: AlertSeverity | null,
  { limit, name }: NamedLimit,
): string {
  const total = totalBytes === null ? "" : ` of ${formatSize(totalBytes)}`;
  return `${what} ${formatSize(bytes)}${total} is ${relation(bytes, limit, severity)} ` +
    `its ${name} of ${formatSize(limit)}${severity === null ? " again" : ""}`;
}

/** An alert stays on a little below its limit, and says so. */
export function relation(
  value: number,
  limit: number | null,
  severity: AlertSeverity | null,
): string {
  if (severity === null) return "below";
  if (limit === null || value > limit) return "above";
  return value === limit ? "at" : "just below";
}

/** `group ollama`, `process 4711`. Contains untrusted text. */
export function subjectOf({ kind, target }: Pick<WatchedSample, "kind" | "target">): string {
  return `${kind} ${target}`;
}
