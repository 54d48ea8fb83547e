/** A test on a machine with the fake library, opened and initialised in the test's own process. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type Conf,
  fakeMachine,
  type FakeNvmlMachine,
  type MachineOptions,
  skipNative,
} from "../support/native.ts";
import { type Nvml, openNvml } from "./call_nvml.ts";

const skip = skipNative();

/** Runs a test on an initialised machine, in this process: only for what returns. */
export function nvmlTest(
  name: string,
  conf: Conf,
  body: (nvml: Nvml, machine: FakeNvmlMachine) => void,
  options: MachineOptions = {},
): void {
  test(name, { skip }, async () => {
    const machine = fakeMachine(conf, options);
    const nvml = await openNvml(machine.nvmlPath);
    try {
      assert.equal(nvml.call("nvmlInit_v2"), 0);
      body(nvml, machine);
    } finally {
      nvml.close();
      machine.cleanup();
    }
  });
}
