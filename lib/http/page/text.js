/** Numbers and untrusted texts as text for people. What is not known is never a number. */
import { GIB } from "../../session/report/page/numbers.js";

/** Stands for what is not known. */
export const UNKNOWN = "?";
/** Stands for what is not there. */
export const NONE = "–";

/** Characters that act on others or hide. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

/** Text from outside: what could act or hide is written `\u{1b}`. */
export function safe(text) {
  return String(text).replace(UNSAFE, (char) => `\\u{${char.codePointAt(0).toString(16)}}`);
}

/** So many decimals; a tie goes to the even digit, as everywhere in the program. */
export function rounded(value, decimals) {
  const scale = 10 ** decimals;
  const low = Math.floor(value * scale);
  const isTie = value * scale - low === 0.5;
  const whole = isTie ? low + Math.abs(low % 2) : Math.round(value * scale);
  return (whole / scale).toFixed(decimals);
}

const isNumber = (value) => typeof value === "number" && Number.isFinite(value);

/** `12 KiB`, `512 MiB`, `8.2 GiB`; `null`: not known. */
export function sizeText(bytes) {
  if (!isNumber(bytes)) return null;
  if (bytes < 1024) return `${Math.round(bytes)} B`;
  if (bytes < 2 ** 20) return `${Math.floor(bytes / 1024)} KiB`;
  return bytes < GIB ? `${Math.floor(bytes / 2 ** 20)} MiB` : `${rounded(bytes / GIB, 1)} GiB`;
}

/** `45 %`, of 0…1; `null`: not known. */
export function shareText(ratio, decimals = 0) {
  return isNumber(ratio) ? `${rounded(ratio * 100, decimals)} %` : null;
}

/** `61 °C`; `null`: not known. */
export function withUnit(value, unit, decimals = 0) {
  return isNumber(value) ? `${rounded(value, decimals)} ${unit}` : null;
}

/** `4.2 s`, `2 min 5 s`, `1 h 30 min`. */
export function spanText(ms) {
  if (!isNumber(ms)) return null;
  const seconds = Math.max(0, ms) / 1000;
  if (seconds < 10) return `${rounded(seconds, 1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return inTwo(whole, 60, "min", "s");
  const minutes = Math.round(whole / 60);
  return minutes < 1440
    ? inTwo(minutes, 60, "h", "min")
    : inTwo(Math.round(minutes / 60), 24, "d", "h");
}

function inTwo(count, perLarge, large, small) {
  const rest = count % perLarge;
  const first = `${Math.floor(count / perLarge)} ${large}`;
  return rest === 0 ? first : `${first} ${rest} ${small}`;
}

/** `14:03:21`, on the clock of whoever reads. */
export function clockText(ms, hasSeconds = true) {
  const at = new Date(ms);
  const parts = [at.getHours(), at.getMinutes(), ...hasSeconds ? [at.getSeconds()] : []];
  return parts.map((part) => String(part).padStart(2, "0")).join(":");
}

/** `1 process`, `3 processes`. */
export function counted(count, one, many = `${one}s`) {
  return `${count} ${count === 1 ? one : many}`;
}

/** A word of the program's own for people: `reset_required` is `reset required`. */
export function words(code) {
  return safe(code).replaceAll("_", " ");
}
