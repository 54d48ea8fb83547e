/** Times and sizes as people write them, in options and in files. Pure. */

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** `500ms`, `5s`, `2m`, `1h`, `0.5s`; a number alone is in `bare`. `undefined`: it is none, or 0. */
export function parseDuration(text: string, bare: "ms" | "s"): number | undefined {
  const match = /^(\d{1,15}(?:\.\d{1,9})?)(ms|s|m|h)?$/.exec(text.trim());
  if (match === null) return undefined;
  const ms = Number(match[1]) * UNIT_MS[match[2] ?? bare]!;
  return ms > 0 ? ms : undefined;
}

const SIZE_BYTES: Readonly<Record<string, number>> = {
  "": 1,
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  K: 2 ** 10,
  M: 2 ** 20,
  G: 2 ** 30,
  T: 2 ** 40,
};

/** `268435456`, `256MiB`, `256M`, `1.5GiB`, `2GB`: units of 1024, and of 1000 with `B` alone, as coreutils has them. */
export function parseSize(text: string): number | undefined {
  const match = /^(\d{1,16}(?:\.\d{1,9})?) ?([KMGT]?)(iB|B)?$/.exec(text.trim());
  if (match === null || (match[2] === "" && match[3] === "iB")) return undefined;
  const unit = match[3] === "B" ? `${match[2]}B` : match[2]!;
  const bytes = Math.round(Number(match[1]) * SIZE_BYTES[unit]!);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}
