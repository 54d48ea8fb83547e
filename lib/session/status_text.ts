/** How a recording is going, in one line: for the terminal and for the execution log. Pure. */
import { formatElapsed, formatSize } from "../format.ts";
import { escapeText } from "../text.ts";
import { ramLevelOf, zoneOf } from "./alerts/zones.ts";
import type { SessionSettings } from "./config/settings.ts";
import type { RecorderStatus } from "./recorder_status.ts";
import type { RamLevel, Zone } from "./rows.ts";

/** How a piece of the line is to stand out. */
export type Emphasis = "none" | "good" | "caution" | "critical";

/** A piece of the line. */
export interface StatusPart {
  readonly text: string;
  readonly emphasis: Emphasis;
}

const OF_ZONE: Readonly<Record<Zone, Emphasis>> = {
  safe: "good",
  caution: "caution",
  critical: "critical",
};
const OF_LEVEL: Readonly<Record<RamLevel, Emphasis>> = {
  normal: "good",
  elevated: "none",
  warning: "caution",
  critical: "critical",
};

/** The pieces of the line, in their order. */
export function statusParts(
  status: RecorderStatus,
  settings: Pick<SessionSettings, "gpu" | "ram">,
): readonly StatusPart[] {
  const { tick, phase, alerts, health, rows, trouble, nextRotation } = status;
  const parts: StatusPart[] = [plain(formatElapsed(tick.elapsedMs))];
  if (phase !== null) parts.push(plain(escapeText(phase)));
  // What is wrong comes first: a narrow terminal cuts off the end.
  if (alerts.length > 0) parts.push(alertPart(alerts));
  if (trouble !== null) parts.push({ text: trouble, emphasis: "critical" });
  for (const { index, device, gap } of tick.gpus ?? []) {
    const zone = device === null ? null : zoneOf(device, settings.gpu);
    const used = `${formatSize(device?.usedBytes ?? null)} / ${
      formatSize(device?.totalBytes ?? null)
    }`;
    parts.push({
      text: `GPU ${index} ${gap === null ? used : gap}`,
      emphasis: gap !== null ? "critical" : zone === null ? "none" : OF_ZONE[zone],
    });
  }
  const level = tick.system === null ? null : ramLevelOf(tick.system, settings.ram);
  parts.push({
    text: tick.system === null
      ? `RAM ${tick.systemGap ?? "?"}`
      : `RAM ${formatSize(tick.system.usedBytes)} / ${formatSize(tick.system.totalBytes)}`,
    emphasis: level === null ? "none" : OF_LEVEL[level],
  });
  for (const { target, rssBytes, vramBytes, processCount, gap } of tick.watched) {
    const vram = vramBytes === null || vramBytes === 0 ? "" : ` + ${formatSize(vramBytes)} VRAM`;
    const held = gap ?? (processCount === 0 ? "not there" : formatSize(rssBytes) + vram);
    parts.push(plain(`${escapeText(target)} ${held}`));
  }
  const ill = [...health].filter(([, state]) => state !== "ok");
  if (ill.length > 0) {
    const text = ill.map(([source, state]) => `${source} ${state}`).join(", ");
    parts.push({ text, emphasis: "caution" });
  } else parts.push({ text: `${[...health.keys()].join(" ")} ok`, emphasis: "good" });
  const waiting = rows.waiting > 0 ? `, ${rows.waiting} waiting` : "";
  const lost = rows.lost > 0 ? `, ${rows.lost} lost` : "";
  parts.push({
    text: `${rows.written} rows${waiting}${lost}`,
    emphasis: trouble !== null || rows.lost > 0 ? "critical" : "none",
  });
  if (nextRotation !== null) {
    const when = "inMs" in nextRotation
      ? formatElapsed(nextRotation.inMs)
      : formatSize(nextRotation.inBytes);
    parts.push(plain(`rotates in ${when}`));
  }
  return parts;
}

function alertPart(alerts: RecorderStatus["alerts"]): StatusPart {
  const gravest = alerts.find(({ severity }) => severity === "critical") ?? alerts[0]!;
  const more = alerts.length > 1 ? ` and ${alerts.length - 1} more` : "";
  return {
    text: `ALERT ${escapeText(gravest.topic)}${more}`,
    emphasis: gravest.severity === "critical" ? "critical" : "caution",
  };
}

function plain(text: string): StatusPart {
  return { text, emphasis: "none" };
}

/** The line without colours. */
export function statusText(
  status: RecorderStatus,
  settings: Pick<SessionSettings, "gpu" | "ram">,
): string {
  return statusParts(status, settings).map(({ text }) => text).join(" | ");
}
