/** Metrics as text: what stands there, what must not, and both formats to the letter. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { FAILURES } from "../lib/failures.ts";
import { FAMILIES } from "../lib/metrics/families.ts";
import { type MetricsOptions, renderMetrics } from "../lib/metrics/render.ts";
import { MOST_ALLOCATOR_SERIES } from "../lib/metrics/view.ts";
import { ownRuntime } from "../lib/own_process.ts";
import type { Reading } from "../lib/reading/reading.ts";
import {
  aCgroupMemory,
  aDevice,
  aGpuProcess,
  aMigSlice,
  aPressure,
  aProcessMemory,
  aSystemMemory,
} from "../lib/testing.ts";
import { VERSION } from "../lib/version.ts";
import {
  aFullReading,
  aGpuPart,
  anAllocatorState,
  aReading,
  aSourceState,
} from "./support/metrics_reading.ts";
import { readOpenMetrics } from "./support/openmetrics.ts";
import { promtool, skipPrometheus } from "./support/prometheus.ts";

const render = (reading: Reading, options: Partial<MetricsOptions> = {}) =>
  renderMetrics(reading, { format: "prometheus", processes: 10, ...options });

/** The lines of samples, in either format. */
const samples = (text: string) => text.split("\n").filter((line) => /^[a-z]/.test(line));

/** The samples of one family. */
const of = (name: string, reading: Reading, options: Partial<MetricsOptions> = {}) =>
  samples(render(reading, options)).filter((line) => /^[a-z_]+/.exec(line)![0] === name)
    .map((line) => line.slice(name.length));

const RUNTIME_LABELS = `runtime="${ownRuntime().split(" ")[0]}",runtime_version="${
  ownRuntime().split(" ")[1]
}"`;

/** Readings of every sort, each of which must be a sound text in both formats. */
const READINGS: Readonly<Record<string, Reading>> = {
  "nothing known": aReading(),
  "everything known": aFullReading(),
  "hostile names": aReading({
    gpu: aGpuPart({
      devices: [
        aDevice({
          name: 'a"b\\\n# EOF\n\ud800\u0000',
          uuid: '",x="',
          migSlices: [aMigSlice({ name: "\\" })],
        }),
      ],
      processes: [aGpuProcess({ pid: 1, name: '"} 1\nhmn_up 1' })],
    }),
    system: aSystemMemory({ cgroup: aCgroupMemory({ path: '/a\\b"\n{}', usageBytes: 1 }) }),
    processes: [aProcessMemory({ pid: 1, name: "\udfff\r\u2028\u202e\ufeff" })],
  }),
  "everything twice": aReading({
    gpu: aGpuPart({
      devices: [
        aDevice({ totalBytes: 1, migSlices: [aMigSlice(), aMigSlice({ totalBytes: 9 })] }),
        aDevice({ totalBytes: 2, uuid: "" }),
        aDevice({ totalBytes: 3, state: "lost" }),
      ],
      processes: [aGpuProcess({ pid: 5, usedBytes: 2 }), aGpuProcess({ pid: 5, usedBytes: 3 })],
    }),
    processes: [aProcessMemory({ pid: 5, rssBytes: 2 }), aProcessMemory({ pid: 5, rssBytes: 1 })],
    sources: [aSourceState(), aSourceState({ state: "hung" })],
    allocators: [
      anAllocatorState({ reservedBytes: 8 }),
      anAllocatorState({ reservedBytes: 9 }),
    ],
  }),
};

describe("metrics in the older format", () => {
  it("has a help and a type for each family, and its samples below", () => {
    const text = render(aReading({ probeMs: { system: 1.5, driver: null } }));
    assert.equal(
      text,
      `# HELP hmn_build_info Version of hypomnesis and of the runtime it runs on.
# TYPE hmn_build_info gauge
hmn_build_info{version="${VERSION}",${RUNTIME_LABELS}} 1
# HELP hmn_probe_duration_seconds How long each lane took to answer; absent where it did not.
# TYPE hmn_probe_duration_seconds gauge
hmn_probe_duration_seconds{lane="system"} 0.0015
# HELP hmn_process_series_dropped How many series the cap left out: of processes (ram, gpu) and of allocators.
# TYPE hmn_process_series_dropped gauge
hmn_process_series_dropped{part="allocator"} 0
hmn_process_series_dropped{part="ram"} 0
`,
    );
  });

  it("calls counters by their whole name, and has no units, state sets, infos and end", () => {
    const text = render(aFullReading());
    assert.match(text, /^# TYPE hmn_probe_hangs_total counter$/m);
    assert.match(text, /^# TYPE hmn_source_state gauge$/m);
    assert.match(text, /^# TYPE hmn_gpu_info gauge$/m);
    assert.doesNotMatch(text, /^# (?:UNIT|EOF)/m);
    assert.deepEqual(
      new Set(text.match(/^# TYPE \S+ (\S+)$/gm)!.map((line) => line.split(" ")[3])),
      new Set(["gauge", "counter"]),
    );
  });

  for (const [what, reading] of Object.entries(READINGS)) {
    it(`passes promtool: ${what}`, { skip: skipPrometheus }, () => {
      assert.deepEqual(promtool(["check", "metrics"], { input: render(reading) }), {
        code: 0,
        output: "",
      });
    });
  }

  it("would not pass promtool with a name that breaks the rules", { skip: skipPrometheus }, () => {
    const input = render(aFullReading()).replaceAll("hmn_gpu_power_watts", "hmn_gpu_power_total");
    assert.notEqual(promtool(["check", "metrics"], { input }).code, 0);
  });
});

describe("metrics as OpenMetrics", () => {
  for (const [what, reading] of Object.entries(READINGS)) {
    it(`is sound: ${what}`, () => {
      const text = render(reading, { format: "openmetrics" });
      const read = [...readOpenMetrics(text).values()].flatMap((family) => family.samples);
      assert.equal(read.length, samples(text).length);
    });

    it(`has the series of the older format: ${what}`, () => {
      assert.deepEqual(
        samples(render(reading, { format: "openmetrics" })),
        samples(render(reading)),
      );
    });
  }

  it("tells the type, the unit and the help of each family", () => {
    const families = readOpenMetrics(render(aFullReading(), { format: "openmetrics" }));
    const told = (name: string) => {
      const { type, unit } = families.get(name)!;
      return [type, unit];
    };
    assert.deepEqual(told("hmn_gpu_memory_used_bytes"), ["gauge", "bytes"]);
    assert.deepEqual(told("hmn_memory_pressure_waiting_seconds"), ["counter", "seconds"]);
    assert.deepEqual(told("hmn_cgroup_oom_kills"), ["counter", null]);
    assert.deepEqual(told("hmn_gpu"), ["info", null]);
    assert.deepEqual(told("hmn_gpu_state"), ["stateset", null]);
    for (const [name, { help }] of families) assert.ok(help !== null && help !== "", name);
  });

  it("brings names through unchanged, and shows what acts on a terminal", () => {
    const process_name = 'C:\\a "b"\n\\n é😀';
    const reading = aReading({
      processes: [
        aProcessMemory({ pid: 1, name: process_name }),
        aProcessMemory({ pid: 2, name: "\u001b[2J\ud83d" }),
      ],
    });
    const { samples } = readOpenMetrics(render(reading, { format: "openmetrics" }))
      .get("hmn_process_resident_memory_bytes")!;
    assert.deepEqual(samples.map(({ labels }) => labels.get("process_name")), [
      process_name,
      "\\u{1b}[2J\\u{d83d}",
    ]);
  });
});

describe("the strict reader", () => {
  const PLANTED: readonly [what: string, text: string][] = [
    ["no end", "# TYPE a gauge\na 1\n"],
    ["something behind the end", "# EOF\na 1\n"],
    ["an end in the middle", "# EOF\n# EOF\n"],
    ["an empty line", "# TYPE a gauge\n\na 1\n# EOF\n"],
    ["a line break of Windows", "# TYPE a gauge\r\na 1\r\n# EOF\n"],
    ["no type", "a 1\n# EOF\n"],
    ["an unknown type", "# TYPE a gage\na 1\n# EOF\n"],
    ["two types", "# TYPE a gauge\n# TYPE a gauge\na 1\n# EOF\n"],
    [
      "a family in two places",
      '# TYPE a gauge\na 1\n# TYPE b gauge\nb 1\n# TYPE a gauge\na{x="1"} 1\n# EOF\n',
    ],
    ["a help behind the samples", "# TYPE a gauge\na 1\n# HELP a b\n# EOF\n"],
    ["a sample of another family", "# TYPE a gauge\nb 1\n# EOF\n"],
    ["a counter without total", "# TYPE a counter\na 1\n# EOF\n"],
    ["a family with total", "# TYPE a_total counter\na_total_total 1\n# EOF\n"],
    ["a family with info", "# TYPE a_info info\na_info_info 1\n# EOF\n"],
    ["a negative counter", "# TYPE a counter\na_total -1\n# EOF\n"],
    ["an info of 2", "# TYPE a info\na_info 2\n# EOF\n"],
    ["a state of 2", '# TYPE a stateset\na{a="x"} 2\n# EOF\n'],
    ["a state under another name", '# TYPE a stateset\na{state="x"} 1\n# EOF\n'],
    ["another unit", "# TYPE a_bytes gauge\n# UNIT a_bytes seconds\na_bytes 1\n# EOF\n"],
    ["a state with a unit", '# TYPE a_x stateset\n# UNIT a_x x\na_x{a_x="x"} 1\n# EOF\n'],
    ["a series twice", '# TYPE a gauge\na{x="1"} 1\na{x="1"} 2\n# EOF\n'],
    ["an empty label and none", '# TYPE a gauge\na 1\na{x=""} 2\n# EOF\n'],
    [
      "states apart",
      '# TYPE a stateset\na{x="1",a="x"} 1\na{x="2",a="x"} 1\na{x="1",a="y"} 1\n# EOF\n',
    ],
    ["a label twice", '# TYPE a gauge\na{x="1",x="2"} 1\n# EOF\n'],
    ["an unknown escape", '# TYPE a gauge\na{x="\\t"} 1\n# EOF\n'],
    ["a lone quote", '# TYPE a gauge\na{x="""} 1\n# EOF\n'],
    ["a comma too many", '# TYPE a gauge\na{x="1",} 1\n# EOF\n'],
    ["no comma", '# TYPE a gauge\na{x="1"y="2"} 1\n# EOF\n'],
    ["no number", "# TYPE a gauge\na null\n# EOF\n"],
    ["half a pair", '# TYPE a gauge\na{x="\ud800"} 1\n# EOF\n'],
    [
      "two families of one sample",
      "# TYPE a_info gauge\na_info 1\n# TYPE a info\na_info 1\n# EOF\n",
    ],
  ];
  for (const [what, text] of PLANTED) {
    it(`refuses ${what}`, () =>
      assert.throws(() => readOpenMetrics(text), /^Error: Not OpenMetrics/));
  }
});

describe("the list of metrics", () => {
  it("has each name once, in lower case, with its unit and its kind at the end", () => {
    const names = FAMILIES.map(({ name }) => name);
    assert.equal(new Set(names).size, names.length);
    for (const { name, type, unit } of FAMILIES) {
      assert.match(name, /^hmn_[a-z_]+$/);
      assert.equal(name.endsWith("_total"), type === "counter", name);
      assert.equal(name.endsWith("_info"), type === "info", name);
      const ends = /_(bytes|seconds|ratio|celsius|watts)(?:_total)?$/.exec(name)?.[1] ?? null;
      assert.equal(unit, ends, name);
    }
  });

  it("has a help that needs no escape in either format", () => {
    for (const { name, help } of FAMILIES) assert.match(help, /^[^"\\\n]+\.$/, name);
  });

  it("stands whole in a reading that knows everything, by name", () => {
    const found = render(aFullReading()).match(/^# TYPE (\S+)/gm)!.map((line) => line.slice(7));
    assert.deepEqual(found, FAMILIES.map(({ name }) => name).sort());
  });
});

describe("what is not known", () => {
  it("has no series: nothing but the program itself and its caps", () => {
    assert.deepEqual(
      samples(render(aReading(), { processes: 0 })).map((line) => line.split("{")[0]),
      ["hmn_build_info", "hmn_process_series_dropped"],
    );
  });

  it("is a number of a device left out, never 0, while a 0 stays", () => {
    const reading = aReading({
      gpu: aGpuPart({
        devices: [
          aDevice({ index: 0, totalBytes: null, freeBytes: null, usedBytes: null, state: "lost" }),
          aDevice({ index: 1, totalBytes: 7, usedBytes: 0 }),
        ],
      }),
    });
    assert.deepEqual(of("hmn_gpu_memory_total_bytes", reading), ['{gpu="1"} 7']);
    assert.deepEqual(of("hmn_gpu_memory_used_bytes", reading), ['{gpu="1"} 0']);
    assert.deepEqual(of("hmn_gpu_memory_reserved_bytes", reading), []);
    assert.deepEqual(of("hmn_gpu_power_watts", reading), []);
    assert.deepEqual(of("hmn_gpu_state", reading).filter((line) => line.endsWith(" 1")), [
      '{gpu="0",hmn_gpu_state="lost"} 1',
      '{gpu="1",hmn_gpu_state="ok"} 1',
    ]);
  });

  it("is no number either where it can't be one", () => {
    for (const powerWatts of [NaN, Infinity, -Infinity]) {
      const reading = aReading({ gpu: aGpuPart({ devices: [aDevice({ powerWatts })] }) });
      assert.deepEqual(of("hmn_gpu_power_watts", reading), []);
    }
  });

  it("is everything of a source that failed, but for how it does", () => {
    const reading = aReading({
      sources: [
        aSourceState({ state: "hung", message: "-", lastSuccessMs: 1_700_000_000_500, hangs: 2 }),
        aSourceState({ source: "nvidia_smi", state: "absent", message: "-" }),
      ],
      probeMs: { system: 2, driver: null },
    });
    assert.deepEqual(of("hmn_source_up", reading), [
      '{source="nvidia_smi"} 0',
      '{source="nvml"} 0',
    ]);
    assert.deepEqual(of("hmn_last_success_timestamp_seconds", reading), [
      '{source="nvml"} 1700000000.5',
    ]);
    assert.deepEqual(of("hmn_probe_hangs_total", reading), [
      '{source="nvidia_smi"} 0',
      '{source="nvml"} 2',
    ]);
    assert.deepEqual(of("hmn_probe_duration_seconds", reading), ['{lane="system"} 0.002']);
    const states = of("hmn_source_state", reading);
    assert.equal(states.length, 2 * (Object.keys(FAILURES).length + 1));
    assert.deepEqual(states.filter((line) => line.endsWith(" 1")), [
      '{source="nvidia_smi",hmn_source_state="absent"} 1',
      '{source="nvml",hmn_source_state="hung"} 1',
    ]);
    assert.ok(!render(reading).includes("hmn_gpu_"));
  });

  it("is the limit of a cgroup without one, and the pressure a kernel does not tell", () => {
    const reading = aReading({
      system: aSystemMemory({ cgroup: aCgroupMemory({ path: "/", usageBytes: 3 }) }),
    });
    assert.deepEqual(of("hmn_cgroup_memory_current_bytes", reading), ['{cgroup="/"} 3']);
    assert.deepEqual(of("hmn_cgroup_memory_max_bytes", reading), []);
    assert.deepEqual(of("hmn_cgroup_oom_kills_total", reading), []);
    assert.ok(!render(reading).includes("hmn_memory_pressure"));
    const some = aReading({ system: aSystemMemory({ pressure: aPressure() }) });
    assert.deepEqual(of("hmn_memory_pressure_waiting_seconds_total", some), [
      '{scope="system",kind="some"} 0',
    ]);
  });

  it("is an alarm about nothing", () => {
    const alarm = (hasMemoryAlarm: boolean | null) =>
      of("hmn_memory_alarm", aReading({ hasMemoryAlarm }));
    assert.deepEqual([null, false, true].map(alarm), [[], [" 0"], [" 1"]]);
  });
});

describe("the numbers", () => {
  it("are in base units", () => {
    const reading = aFullReading();
    assert.deepEqual(of("hmn_memory_pressure_ratio", reading), [
      '{scope="system",kind="full",window="10s"} 0',
      '{scope="system",kind="full",window="300s"} 0',
      '{scope="system",kind="full",window="60s"} 0',
      '{scope="system",kind="some",window="10s"} 0.1',
      '{scope="system",kind="some",window="300s"} 0.3',
      '{scope="system",kind="some",window="60s"} 0.2',
    ]);
    assert.deepEqual(of("hmn_memory_pressure_waiting_seconds_total", reading), [
      '{scope="system",kind="full"} 0.5',
      '{scope="system",kind="some"} 1.5',
    ]);
    assert.deepEqual(of("hmn_allocator_usage_ratio", reading), ['{pid="11",gpu="0"} 0.75']);
    assert.deepEqual(of("hmn_gpu_power_watts", reading), ['{gpu="0",uuid="GPU-aa"} 120.5']);
  });

  it("say what a GPU and its slices are", () => {
    const reading = aFullReading();
    assert.deepEqual(of("hmn_gpu_info", reading), [
      '{gpu="0",uuid="GPU-aa",name="NVIDIA H200",vendor="nvidia",driver_version="570.1",' +
      'pci_bus_id="00000000:65:00.0",memory_type="dedicated"} 1',
    ]);
    assert.deepEqual(of("hmn_gpu_mig_info", reading), [
      '{gpu="0",uuid="GPU-aa",mig="1",mig_uuid="MIG-bb",name="1g.18gb",gpu_instance="7",' +
      'compute_instance="0"} 1',
    ]);
    assert.deepEqual(of("hmn_gpu_mig_memory_used_bytes", reading), [
      '{gpu="0",uuid="GPU-aa",mig="1"} 100',
    ]);
  });

  it("of large amounts are written out", () => {
    const totalBytes = Number.MAX_SAFE_INTEGER;
    const reading = aReading({ system: aSystemMemory({ totalBytes }) });
    assert.deepEqual(of("hmn_system_memory_total_bytes", reading), [` ${totalBytes}`]);
  });
});

describe("a series", () => {
  it("is told apart by the index where GPUs have no UUID", () => {
    const devices = [0, 1, 2].map((index) => aDevice({ index, totalBytes: index }));
    assert.deepEqual(of("hmn_gpu_memory_total_bytes", aReading({ gpu: aGpuPart({ devices }) })), [
      '{gpu="0"} 0',
      '{gpu="1"} 1',
      '{gpu="2"} 2',
    ]);
  });

  it("of a process in two slices is one for each slice", () => {
    const slice = (index: number) =>
      aMigSlice({ index, gpuInstanceId: index + 1, computeInstanceId: 0 });
    const row = (gpuInstanceId: number, usedBytes: number) =>
      aGpuProcess({ pid: 5, name: "a", usedBytes, gpuInstanceId, computeInstanceId: 0 });
    const gpu = aGpuPart({
      devices: [aDevice({ uuid: "GPU-a", migSlices: [slice(0), slice(1)] })],
      processes: [row(1, 10), row(2, 20)],
    });
    assert.deepEqual(of("hmn_process_gpu_memory_bytes", aReading({ gpu })), [
      '{pid="5",process_name="a",gpu="0",uuid="GPU-a",mig="0",kind="dedicated_resident"} 10',
      '{pid="5",process_name="a",gpu="0",uuid="GPU-a",mig="1",kind="dedicated_resident"} 20',
    ]);
  });

  it("of a process that is listed twice in one place is the sum, and unknown where a part is", () => {
    const rows = (...used: (number | null)[]) =>
      aReading({
        gpu: aGpuPart({ processes: used.map((usedBytes) => aGpuProcess({ pid: 5, usedBytes })) }),
      });
    const name = "hmn_process_gpu_memory_bytes";
    assert.deepEqual(of(name, rows(10, 20)), ['{pid="5",gpu="0",kind="dedicated_resident"} 30']);
    assert.deepEqual(of(name, rows(10, null)), []);
  });

  it("of memory a process shares, or that is unified, has its own kind", () => {
    const gpu = aGpuPart({
      devices: [aDevice({ index: 0 }), aDevice({ index: 1, memoryKind: "unified" })],
      processes: [
        aGpuProcess({ pid: 5, usedBytes: 10, sharedUsedBytes: 4 }),
        aGpuProcess({ pid: 5, usedBytes: 20, deviceIndex: 1, deviceUuid: "GPU-b" }),
      ],
    });
    assert.deepEqual(of("hmn_process_gpu_memory_bytes", aReading({ gpu })), [
      '{pid="5",gpu="0",kind="dedicated_resident"} 10',
      '{pid="5",gpu="0",kind="shared"} 4',
      '{pid="5",gpu="1",uuid="GPU-b",kind="unified"} 20',
    ]);
  });

  it("stands where it stood, whatever the order of the reading", () => {
    const reading = aFullReading();
    const two = (devices: Parameters<typeof aGpuPart>[0]) =>
      render({ ...reading, gpu: aGpuPart(devices) });
    const [a, b] = [aDevice({ index: 0 }), aDevice({ index: 1 })];
    assert.equal(two({ devices: [a, b] }), two({ devices: [b, a] }));
  });
});

describe("the cap", () => {
  const processes = [1, 2, 3, 4].map((pid) =>
    aProcessMemory({ pid, rssBytes: pid * 10, pssBytes: pid === 1 ? 4 : null })
  );
  const gpu = aGpuPart({
    processes: [1, 2, 3, 4].map((pid) => aGpuProcess({ pid, usedBytes: 100 - pid })),
  });
  const ram = "hmn_process_resident_memory_bytes";
  const dropped = "hmn_process_series_dropped";

  it("of 0 leaves processes out and counts none of them", () => {
    const reading = aReading({ processes, gpu });
    assert.deepEqual(of(dropped, reading, { processes: 0 }), ['{part="allocator"} 0']);
    assert.ok(!render(reading, { processes: 0 }).includes("pid="));
  });

  it("keeps the largest by RAM and the largest by GPU memory, and tells how much it left out", () => {
    const reading = aReading({ processes, gpu });
    assert.deepEqual(of(ram, reading, { processes: 2 }), ['{pid="3"} 30', '{pid="4"} 40']);
    assert.deepEqual(of("hmn_process_gpu_memory_bytes", reading, { processes: 3 }), [
      '{pid="1",gpu="0",kind="dedicated_resident"} 99',
      '{pid="2",gpu="0",kind="dedicated_resident"} 98',
      '{pid="3",gpu="0",kind="dedicated_resident"} 97',
    ]);
    assert.deepEqual(of(dropped, reading, { processes: 2 }), [
      '{part="allocator"} 0',
      '{part="gpu"} 2',
      '{part="ram"} 3',
    ]);
  });

  it("keeps the same ones of equals, and passes over what has no RAM", () => {
    const equals = [9, 7, 8].map((pid) => aProcessMemory({ pid, rssBytes: 5 }));
    const thread = aProcessMemory({ pid: 2, rssBytes: null, swapBytes: 1 });
    const reading = aReading({ processes: [thread, ...equals] });
    assert.deepEqual(of(ram, reading, { processes: 2 }), ['{pid="7"} 5', '{pid="8"} 5']);
    assert.deepEqual(of("hmn_process_swapped_memory_bytes", reading), []);
  });

  it("of allocators keeps the largest reserves, and stale ones are gone", () => {
    const most = MOST_ALLOCATOR_SERIES;
    const allocators = Array.from(
      { length: most + 2 },
      (_, pid) =>
        anAllocatorState({ pid: pid + 100, device: 0, allocatedBytes: 1, reservedBytes: pid }),
    );
    const stale = anAllocatorState({
      pid: 1,
      reservedBytes: 1e9,
      isStale: true,
      memoryUsagePercent: null,
      fragmentation: null,
      health: null,
    });
    const reading = aReading({ allocators: [stale, ...allocators] });
    const reserved = of("hmn_allocator_reserved_bytes", reading, { processes: 0 });
    assert.equal(reserved.length, most);
    assert.ok(reserved.includes('{pid="102",gpu="0"} 2'));
    assert.ok(!reserved.some((line) => /pid="(?:1|100|101)"/.test(line)));
    // Allocated, reserved, usage and fragmentation of two; neither told a peak.
    assert.deepEqual(of(dropped, reading, { processes: 0 }), ['{part="allocator"} 8']);
  });
});
