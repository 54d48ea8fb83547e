/** What a recording is held to, and what came of it: the contract between reading flags, checking and rendering. */
import type { Zone } from "../rows.ts";

/** A limit: bytes, or so much more than the baseline has (0.05: 5 % more). */
export type Limit = { readonly bytes: number } | { readonly above: number };

/** One rule. */
export type Rule =
  /** Peak or time-weighted mean of RAM or GPU memory. */
  | {
    readonly kind: "memory";
    readonly statistic: "peak" | "mean";
    readonly of: "ram" | "vram";
    readonly limit: Limit;
  }
  /** No series leaks. */
  | { readonly kind: "no_leak" }
  /** No GPU was ever in a graver zone. */
  | { readonly kind: "max_zone"; readonly zone: Exclude<Zone, "critical"> }
  /** Every expectation of the recording's own settings is met. */
  | { readonly kind: "expect" };

/** How one rule came out for one subject. */
export interface CheckResult {
  /** The rule as a flag: `--max-peak-vram 10GiB`. */
  readonly rule: string;
  /** What it was measured on: `RAM of command`, `GPU 0 memory`. Contains untrusted text. */
  readonly subject: string;
  /** A rule that could not be measured has not been kept. */
  readonly verdict: "ok" | "failed" | "unmeasured";
  readonly measured: number | null;
  readonly limit: number | null;
  /** Unit of both; `null` without numbers. */
  readonly unit: "bytes" | "bytes_per_hour" | "ms" | "ratio" | null;
  /** One sentence with the numbers. Contains untrusted text. */
  readonly message: string;
}

/** Everything that was checked. */
export interface CheckReport {
  /** The recording. Untrusted text. */
  readonly name: string;
  /** What it was compared with; `null`: nothing. */
  readonly baseline: string | null;
  /** Every rule was measured and kept. */
  readonly passed: boolean;
  readonly results: readonly CheckResult[];
}
