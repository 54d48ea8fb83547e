/** What the questions of a meter have in common: checking, giving up, saying why not. */
import { type Failure, HypomnesisError } from "./errors.ts";
import type { RunId } from "./protocol.ts";

/** Refuses what can't be a PID. */
export function checkPid(pid: number): void {
  if (!Number.isInteger(pid) || pid < 1 || pid > 0x7fffffff) {
    throw new RangeError(`Cannot ask about process ${pid}: a PID is a whole number from 1`);
  }
}

/** Refuses what can't name a run: it becomes part of a path. */
export function checkRun({ owner, run }: RunId): void {
  checkPid(owner);
  if (!Number.isInteger(run) || run < 1) {
    throw new RangeError(`Cannot ask about run ${run}: give a whole number from 1`);
  }
}

/** Refuses what can't be a number of processes. */
export function checkTop(top: number): void {
  if (!Number.isInteger(top) || top < 1) {
    throw new RangeError(`Cannot find the top ${top} processes: give a whole number from 1`);
  }
}

/** The error for a question that the sources left open: the gravest of their failures. */
export function unanswered(
  what: string,
  failures: readonly Failure[],
  pid?: number,
): HypomnesisError {
  const failure = failures.find(({ code }) => code !== "absent") ?? failures[0];
  const why = failure?.message ?? "the source gave no number";
  return new HypomnesisError(failure?.code ?? "not_supported", `Cannot tell ${what}: ${why}`, {
    source: failure?.source ?? null,
    failures,
    ...(pid === undefined ? {} : { pid }),
  });
}

/** The same answer, or the signal's reason where that comes first. */
export function abortable<T>(answer: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return answer;
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    answer.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
