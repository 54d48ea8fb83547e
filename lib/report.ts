/** How memory changed between two snapshots, in the original's exact lines. */
import { bytesToMb, formatMb, formatSignedMb } from "./format.ts";
import type { Bytes } from "./records.ts";
import type { ProcessGpuInfo, Snapshot } from "./snapshot.ts";
import { escapeText, printText } from "./text.ts";

/** RAM of the process in units of 2^20 bytes; `null` where it could not be read. */
export function ramMb(snapshot: Snapshot): number | null {
  return bytesToMb(snapshot.ramBytes);
}

/**
 * GPU memory in units of 2^20 bytes: the process's own where it is known, else the whole device's.
 * `null` without a GPU, and where neither is known.
 */
export function vramMb(snapshot: Snapshot): number | null {
  return snapshot.gpu === null ? null : bytesToMb(figureOf(snapshot.gpu, snapshot.gpu));
}

/** What a GPU figure counts: ` [per-process]`, ` [device-wide]`, or nothing where there is no figure. */
export function vramQualifier(snapshot: Snapshot): " [per-process]" | " [device-wide]" | "" {
  if (vramMb(snapshot) === null) return "";
  return snapshot.gpu?.isPerProcess ? " [per-process]" : " [device-wide]";
}

/**
 * Compares two snapshots of one process.
 *
 * A `MB` is 2^20 bytes; figures are rounded to whole ones, ties to even. A number that is not known is
 * `?` (`RAM ?`) and makes the difference `null`. Both GPU figures count the same thing, which is what
 * the later snapshot knows: where only that one is device-wide, the earlier one's device-wide figure is
 * taken too.
 */
export class MemoryReport {
  /** The earlier snapshot. */
  readonly before: Snapshot;
  /** The later snapshot. It decides whether GPU memory is per process or device-wide. */
  readonly after: Snapshot;

  constructor(before: Snapshot, after: Snapshot) {
    this.before = before;
    this.after = after;
  }

  /** Growth of the process's RAM in units of 2^20 bytes, negative when it shrank; `null`: not known. */
  get ramDeltaMb(): number | null {
    return bytesToMb(difference(this.#ram()));
  }

  /** Growth of GPU memory in units of 2^20 bytes; `null` without a GPU on both sides, or not known. */
  get vramDeltaMb(): number | null {
    const vram = this.#vram();
    return vram === null ? null : bytesToMb(difference(vram));
  }

  /** `␣␣alloc: RAM +100 MB  |  VRAM +500 MB [per-process]` and a line break. */
  formatDelta(label: string): string {
    const [ram, vram] = [this.#ram(), this.#vram()];
    const grown = `  ${label}: RAM ${formatSignedMb(difference(ram))}`;
    if (vram === null) return `${grown}\n`;
    const vramGrown = formatSignedMb(difference(vram));
    return `${grown}  |  VRAM ${vramGrown}${vramQualifier(this.after)}\n`;
  }

  /**
   * `␣␣load: RAM 100 MB → 200 MB (+100 MB)` and, where both snapshots have a GPU, the line
   * `␣␣load: VRAM 500 MB → 1000 MB (+500 MB / 16384 MB) [per-process] [NAME]`.
   */
  formatBeforeAfter(label: string): string {
    const ram = this.#ram();
    const lines = `  ${label}: RAM ${course(ram)} (${formatSignedMb(difference(ram))})\n`;
    const vram = this.#vram();
    if (vram === null) return lines;
    const { totalBytes = null, name = null } = this.after.gpuDevice ?? {};
    const total = totalBytes === null ? "" : ` / ${formatMb(totalBytes)}`;
    const delta = `(${formatSignedMb(difference(vram))}${total})`;
    const tags = vramQualifier(this.after) + (name === null ? "" : ` [${escapeText(name)}]`);
    return `${lines}  ${label}: VRAM ${course(vram)} ${delta}${tags}\n`;
  }

  /** Prints what {@linkcode formatDelta} returns to standard output, or hands it to `write`. */
  printDelta(label: string, write: (text: string) => void = printText): void {
    write(this.formatDelta(label));
  }

  /** Prints what {@linkcode formatBeforeAfter} returns to standard output, or hands it to `write`. */
  printBeforeAfter(label: string, write: (text: string) => void = printText): void {
    write(this.formatBeforeAfter(label));
  }

  #ram(): Figures {
    return { before: this.before.ramBytes, after: this.after.ramBytes };
  }

  /** Both GPU figures, of the kind the later snapshot knows; `null` where a side has no GPU. */
  #vram(): Figures | null {
    const [before, after] = [this.before.gpu, this.after.gpu];
    if (before === null || after === null) return null;
    return { before: figureOf(before, after), after: figureOf(after, after) };
  }
}

/** One quantity at both times. */
interface Figures {
  readonly before: Bytes;
  readonly after: Bytes;
}

/** The figure of `gpu` that counts what `kind` counts. */
function figureOf(gpu: ProcessGpuInfo, kind: ProcessGpuInfo): Bytes {
  return kind.isPerProcess ? gpu.usedBytes : gpu.deviceUsedBytes;
}

function difference({ before, after }: Figures): Bytes {
  return before === null || after === null ? null : after - before;
}

function course({ before, after }: Figures): string {
  return `${formatMb(before)} → ${formatMb(after)}`;
}
