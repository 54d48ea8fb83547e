/** Alerts, and times of which something is missing. Pure. */
import type { Analysis } from "../../analysis/records.ts";
import type { Severity } from "../../rows.ts";
import { moment, span } from "../amount_text.ts";
import { type Block, paragraph, type Styled, table } from "../document.ts";

const WORDS: Readonly<Record<Severity, Styled>> = {
  critical: { text: "critical", tone: "critical" },
  warning: { text: "warning", tone: "caution" },
  info: { text: "info" },
};

/** The section about alerts. */
export function alerts({ alerts }: Analysis): readonly Block[] {
  return alerts.length === 0 ? [paragraph("There was no alert.")] : table(
    "Alerts in their order",
    ["From #", "For #", "", "About", "What"],
    alerts.map(({ startMs, endMs, severity, subject, message }) => [
      moment(startMs),
      endMs === null ? "until the end" : span(endMs - startMs),
      WORDS[severity],
      subject,
      message,
    ]),
  );
}

/** The section about gaps. */
export function missing({ gaps }: Analysis): readonly Block[] {
  return gaps.length === 0
    ? [paragraph("Nothing is missing: every sample was taken and could be read.")]
    : table(
      "Times of which something is not known",
      ["From #", "For #", "Of", "Why"],
      gaps.map(({ startMs, endMs, subject, reason }) => [
        moment(startMs),
        span(endMs - startMs),
        subject,
        reason,
      ]),
    );
}
