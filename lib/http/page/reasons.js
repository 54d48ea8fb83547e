/** Why a number is not there. */
import { safe, words } from "./text.js";

/** Messages of the failures that `isMeant` takes, each once. */
export function messagesOf(failures, isMeant) {
  return [...new Set(failures.filter(isMeant).map(({ message }) => safe(message)))];
}

/** Failures that one GPU has. */
export function reasonsOfDevice({ failures }, index) {
  return messagesOf(
    failures,
    ({ device_index, pid }) => device_index === index && pid === undefined,
  );
}

const DRIVER_SOURCES = ["nvml", "nvidia_smi"];
const isGeneral = ({ device_index, pid }) => device_index === undefined && pid === undefined;

/** Why nothing at all is told about GPUs. */
export function reasonsOfGpus({ failures, sources }) {
  const told = messagesOf(
    failures,
    (failure) =>
      isGeneral(failure) && (DRIVER_SOURCES.includes(failure.source) || failure.source === null),
  );
  if (told.length > 0) return told;
  return sources.filter(({ source, state }) => DRIVER_SOURCES.includes(source) && state !== "ok")
    .map(({ source, state, message }) =>
      `${safe(source)} is ${words(state)}${message === null ? "" : `: ${safe(message)}`}`
    );
}

/** Why something about the machine's RAM is not told. */
export function reasonsOfSystem({ failures, sources }) {
  const told = messagesOf(
    failures,
    (failure) => isGeneral(failure) && (failure.source === "proc" || failure.source === null),
  );
  if (told.length > 0) return told;
  return sources.filter(({ source, state }) => source === "proc" && state !== "ok")
    .map(({ state, message }) =>
      `proc is ${words(state)}${message === null ? "" : `: ${safe(message)}`}`
    );
}

/** Reasons as one text. */
export function joined(reasons, otherwise) {
  return reasons.length === 0 ? otherwise : reasons.join("; ");
}
