/** What is said of counters that could not be read. Pure. */
import type { Failure } from "../../../lib/errors.ts";
import { isLacking, statusName } from "./abi.ts";
import type { Answer } from "./query.ts";
import type { Unusable } from "./sums.ts";

/** One failure for the whole source, where Windows has not one of the counters. */
export function absentFailure(answers: readonly Answer[]): Failure {
  const failed = answers.find((answer) => answer.items === null);
  const name = failed?.items === null ? statusName(failed.status) : "nothing";
  return {
    code: "absent",
    source: "pdh",
    message: `Cannot read the performance counters of GPU memory: Windows has none ` +
      `(${name}); it has them from Windows 10 version 1709 on, of GPUs with a WDDM driver`,
    driverCode: name,
  };
}

/** One failure for each call and status: the counters it cost. */
export function answerFailures(answers: readonly Answer[]): Failure[] {
  const costs = new Map<string, { call: string; status: number; paths: string[] }>();
  for (const answer of answers) {
    if (answer.items !== null) continue;
    const { call, status, counter: { path } } = answer;
    const cost = costs.get(`${call} ${status}`);
    if (cost === undefined) costs.set(`${call} ${status}`, { call, status, paths: [path] });
    else cost.paths.push(path);
  }
  return [...costs.values()].map(({ call, status, paths }) => ({
    code: isLacking(status) ? "not_supported" : "driver_failed",
    source: "pdh",
    message: `Cannot read ${paths.join(", ")}: ${call} answered ${statusName(status)}`,
    driverCode: statusName(status),
    count: paths.length,
  }));
}

/** What the counters gave and could not be used. */
export function unusableFailures(
  { names, statuses, values }: Unusable,
  of: "adapter" | "process",
): Failure[] {
  const whose = of === "adapter" ? "of GPUs" : "of processes on GPUs";
  const told = (count: number, which: string, driverCode?: string): Failure => ({
    code: "bad_value",
    source: "pdh",
    message: `Cannot use ${count} value${count === 1 ? "" : "s"} of the counters ${whose}: ` +
      `PDH gave ${which}`,
    count,
    ...(driverCode === undefined ? {} : { driverCode }),
  });
  const failures = [...statuses].map(([status, count]) =>
    told(count, statusName(status), statusName(status))
  );
  if (names > 0) failures.push(told(names, "an instance name that names no GPU"));
  if (values > 0) failures.push(told(values, "a number of bytes that no memory has"));
  return failures;
}
