/** Names of the processes NVML lists, where its PIDs are ours and where they may not be. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { makeNvml } from "../workers/gpu/nvml/nvml.ts";
import { makeProcessNamer } from "../workers/proc_names.ts";
import { fakeHost, type FakeMachine } from "./support/fake_host.ts";
import { fakeGpu, fakeNvml } from "./support/fake_nvml_library.ts";

const INITIAL = { "/proc/self/ns/pid": "pid:[4026531836]" };
const CONTAINER = { "/proc/self/ns/pid": "pid:[4026532598]" };
const FILES = {
  "/proc/1/comm": "init\n",
  "/proc/7/comm": "two\nlines \uFFFD\n",
  "/proc/8/comm": "EACCES",
} as const;

const namesOf = (machine: FakeMachine, pids: readonly number[]) => {
  const namer = makeProcessNamer(fakeHost(machine));
  return pids.map((pid) => namer.name(pid));
};

test("in the first namespace a process has its name, but for the final newline as it is", () => {
  for (const links of [INITIAL, {}]) {
    assert.deepEqual(namesOf({ files: FILES, links }, [1, 7, 8, 9]), [
      { name: "init", nameStatus: "known" },
      { name: "two\nlines \uFFFD", nameStatus: "known" },
      { name: null, nameStatus: "protected" },
      { name: null, nameStatus: "exited" },
    ]);
    assert.equal(makeProcessNamer(fakeHost({ files: FILES, links })).foreignNamespace, false);
  }
});

test("in a container only a process that has the GPU open has a name", () => {
  const files = { ...FILES, "/proc/2/comm": "bash\n", "/proc/3/comm": "wsl\n" };
  const links = {
    ...CONTAINER,
    "/proc/1/fd/0": "/dev/null",
    "/proc/1/fd/3": "/dev/nvidia0",
    "/proc/2/fd/0": "/dev/pts/0",
    "/proc/2/fd/1": "/home/dev/nvidia",
    "/proc/3/fd/4": "/dev/dxg",
  };
  const foreign = { name: null, nameStatus: "foreign_namespace" };
  assert.deepEqual(namesOf({ files, links }, [1, 2, 3, 7, 99]), [
    { name: "init", nameStatus: "known" },
    foreign,
    { name: "wsl", nameStatus: "known" },
    foreign,
    foreign,
  ]);
});

test("the source says once that PIDs can't be matched, and only where there are some", async () => {
  const options = { nvmlPath: null, nvidiaSmiPath: null, nvidiaSmiMs: 1000, debug: false };
  const rows = [{ pid: 1, used: 5n }, { pid: 44444, used: 6n }];
  for (
    const [gpus, links, expected] of [
      [[fakeGpu(0, { rows }), fakeGpu(1, { rows })], CONTAINER, 1],
      [[fakeGpu(0)], CONTAINER, 0],
      [[fakeGpu(0, { rows })], INITIAL, 0],
    ] as const
  ) {
    const libraries = { "libnvidia-ml.so.1": fakeNvml([...gpus]).functions };
    const source = makeNvml(fakeHost({ files: FILES, links, libraries }), options);
    const { failures, processes } = await source.read({ processes: true, telemetry: false });
    const said = failures.filter(({ message }) => /--pid=host/.test(message));
    assert.equal(said.length, expected);
    assert.ok(said.every(({ code, source }) => code === "not_supported" && source === "nvml"));
    if (links === INITIAL) assert.equal(processes[0]?.name, "init");
    else assert.ok(processes.every(({ nameStatus }) => nameStatus === "foreign_namespace"));
  }
});
