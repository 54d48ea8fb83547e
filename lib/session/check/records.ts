/** A memory gate: its rules, and what came of them. Plain JSON values. */

/** A limit on a number of bytes: absolute, or what the baseline has and so much of it more. */
export type ByteLimit =
  | { readonly kind: "bytes"; readonly bytes: number }
  | { readonly kind: "relative"; readonly ratio: number };

/** A rule. */
export type Rule =
  | {
    readonly kind: "peak" | "mean";
    readonly of: "vram" | "ram";
    readonly limit: ByteLimit;
  }
  | { readonly kind: "no_leak" }
  | { readonly kind: "max_zone"; readonly zone: "safe" | "caution" }
  /** The recording must have expectations; they count in any case. */
  | { readonly kind: "expect" };

/** What one rule says of one subject. */
export interface RuleResult {
  /** As the option is called: `max-peak-vram`; expectations are `expect`. */
  readonly rule: string;
  /** What was measured. Contains untrusted text. */
  readonly subject: string;
  /** `unknown`: it could not be measured, which fails the gate too. */
  readonly verdict: "ok" | "failed" | "unknown";
  readonly measured: number | null;
  readonly limit: number | null;
  readonly unit: "bytes" | "ratio" | "bytes_per_hour" | "ms" | null;
  /** One sentence, with the number and the limit. Contains untrusted text. */
  readonly message: string;
}

/** The gate as a whole. */
export interface CheckReport {
  /** The recording. */
  readonly name: string;
  /** What it was compared with; `null`: nothing. */
  readonly baseline: string | null;
  /** What limits on memory are about: the watched groups, or the machine. One sentence. */
  readonly counted: string;
  readonly passed: boolean;
  readonly results: readonly RuleResult[];
}

/** As the option is called. */
export function ruleName(rule: Rule): string {
  switch (rule.kind) {
    case "peak":
    case "mean":
      return `max-${rule.kind}-${rule.of}`;
    case "no_leak":
      return "no-leak";
    case "max_zone":
      return "max-zone";
    case "expect":
      return "expect";
  }
}
