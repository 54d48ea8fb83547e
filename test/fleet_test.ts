/** A fleet: a real Prometheus scrapes three machines, and answers what an operator asks. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { buildFakeNvml, fakeMachine, type FakeNvmlMachine, skipNative } from "./support/native.ts";
import { type Prometheus, skipPrometheus, startPrometheus } from "./support/prometheus.ts";
import { type RunningServer, startServer } from "./support/serve_run.ts";

const TOKEN = "a-token-of-the-fleet";
const GIB = 2 ** 30;

const skip = skipPrometheus || skipNative();

describe("three machines under one Prometheus", { skip }, () => {
  const machines: FakeNvmlMachine[] = [];
  const servers: RunningServer[] = [];
  let prometheus: Prometheus;

  before(async () => {
    await buildFakeNvml();
    const sound = fakeMachine();
    sound.setConf({ reload: 1, gpus: 2, used: "4G", process: ["0,self,3G"] });
    const broken = fakeMachine();
    broken.setConf({ gpus: 1, "hang.nvmlInit_v2": "sleep" });
    machines.push(sound, broken);
    servers.push(
      await startServer(["--process-metrics", "5"], { env: { HMN_NVML_PATH: sound.nvmlPath } }),
      await startServer([], { env: { HMN_NVML_PATH: broken.nvmlPath } }),
      await startServer([], { env: { HMN_TOKEN: TOKEN } }),
    );
    const [first, second, third] = servers.map(({ port }) => `127.0.0.1:${port}`);
    prometheus = await startPrometheus([
      { job: "sound", address: first! },
      { job: "hung", address: second! },
      { job: "bare", address: third!, token: TOKEN },
      { job: "refused", address: third!, token: "another-token" },
    ]);
  });
  after(async () => {
    await prometheus?.close();
    for (const server of servers) await server[Symbol.asyncDispose]();
    for (const machine of machines) machine.cleanup();
  });

  it("has every machine up, also the one whose driver hangs, and nobody without the token", async () => {
    const up = await prometheus.until(
      "up",
      (points) =>
        points.length === 4 &&
        points.every(({ labels, value }) => value === (labels.job === "refused" ? 0 : 1)),
    );
    assert.equal(up.length, 4);
  });

  it("sums the memory of the fleet's GPUs", async () => {
    const [used] = await prometheus.until(
      "sum(hmn_gpu_memory_used_bytes)",
      (points) => points.length === 1,
    );
    assert.equal(used!.value, 8 * GIB);
    const shares = await prometheus.query(
      "hmn_gpu_memory_used_bytes / on (job, gpu, uuid) hmn_gpu_memory_total_bytes",
    );
    assert.deepEqual(shares.map(({ value }) => value), [0.25, 0.25]);
    assert.deepEqual(new Set(shares.map(({ labels }) => labels.job)), new Set(["sound"]));
  });

  it("tells the driver that hangs by its state, and has no series of its GPUs", async () => {
    const states = await prometheus.until(
      'hmn_source_state{job="hung", source="nvml"} == 1',
      (points) => points.length === 1,
    );
    assert.match(
      states[0]!.labels.hmn_source_state!,
      /^(?:slow|hung)$/,
    );
    const down = await prometheus.query('hmn_source_up{job="hung", source="nvml"}');
    assert.deepEqual(down.map(({ value }) => value), [0]);
    assert.deepEqual(await prometheus.query('hmn_gpu_memory_used_bytes{job="hung"}'), []);
    const ram = await prometheus.query('hmn_system_memory_total_bytes{job="hung"}');
    assert.ok(ram[0]!.value > 0);
  });

  it("has series of processes only where they were asked for", async () => {
    const held = await prometheus.until(
      "hmn_process_gpu_memory_bytes",
      (points) => points.length > 0,
    );
    assert.deepEqual(held.map(({ labels, value }) => [labels.job, value]), [["sound", 3 * GIB]]);
  });

  it("loses the GPUs' series with the driver, and gets them back", async () => {
    const [sound] = machines;
    sound!.setConf({ reload: 1, gpus: 2, used: "4G", "code.*": 15 });
    await prometheus.until("hmn_gpu_memory_used_bytes", (points) => points.length === 0);
    const [up] = await prometheus.until(
      'hmn_source_up{job="sound", source="nvml"}',
      (points) => points.length === 1,
    );
    assert.equal(up!.value, 0);
    sound!.setConf({ reload: 1, gpus: 2, used: "5G" });
    const back = await prometheus.until(
      "hmn_gpu_memory_used_bytes",
      (points) => points.length === 2,
    );
    assert.deepEqual(back.map(({ value }) => value), [5 * GIB, 5 * GIB]);
  });
});
