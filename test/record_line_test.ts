import assert from "node:assert/strict";
import { test } from "node:test";
import type { Output } from "../lib/cli/context.ts";
import { RecordLine } from "../lib/cli/record_line.ts";
import { displayWidth } from "../lib/cli/table.ts";
import type { Alert } from "../lib/session/alerts/alert.ts";
import { DEFAULT_SETTINGS } from "../lib/session/config/settings.ts";
import type { RecorderStatus } from "../lib/session/recorder_status.ts";
import { aDevice, aSystemMemory } from "../lib/testing.ts";

const GIB = 2 ** 30;
const group = { match: ["x"], ramLimitBytes: null, vramLimitBytes: null };
const SETTINGS = {
  ...DEFAULT_SETTINGS,
  groups: [{ ...group, name: "ollama", color: "magenta" as const }],
};

class Screen implements Output {
  text = "";
  readonly isTty: boolean;
  readonly columns: number;
  readonly rows = 24;
  readonly color: boolean;
  constructor({ isTty = true, columns = 200, color = true } = {}) {
    this.isTty = isTty;
    this.columns = columns;
    this.color = color;
  }
  write(content: string | Uint8Array): Promise<void> {
    this.text += content;
    return Promise.resolve();
  }
}

const anAlert = (fields: Partial<Alert>): Alert => ({
  id: "1",
  kind: "ram",
  subject: "ram",
  topic: "ram",
  severity: "warning",
  sinceMs: 0,
  value: 1,
  limit: 1,
  unit: "bytes",
  message: "RAM is high",
  ...fields,
});

function aStatus(usedGib: number, fields: Partial<RecorderStatus> = {}): RecorderStatus {
  const device = aDevice({ index: 0, totalBytes: 12 * GIB, usedBytes: usedGib * GIB });
  return {
    tick: {
      tick: 0,
      skipped: 0,
      atMs: 0,
      elapsedMs: 65_000,
      gpus: [{ index: 0, uuid: null, device, gap: null }],
      system: aSystemMemory({ totalBytes: 10 * GIB, usedBytes: GIB }),
      systemGap: null,
      watched: [],
      own: { cpuRatio: null, rssBytes: null },
      systemProbeMs: 1,
      gpuProbeMs: 1,
      failures: [],
    },
    phase: "Idle",
    alerts: [],
    health: new Map([["nvml", "ok"]]),
    rows: { written: 7, waiting: 0, lost: 0 },
    trouble: null,
    nextRotation: { inMs: 60_000 },
    ...fields,
  };
}

async function drawn(screen: Screen, act: (line: RecordLine) => void): Promise<string> {
  const line = new RecordLine(screen, SETTINGS);
  act(line);
  await Promise.resolve();
  await new Promise((resolve) => setTimeout(resolve, 0));
  return screen.text;
}

test("zones have their colours: green, yellow, white on red", async () => {
  const colors = [["32", 1], ["33", 9], ["1;97;41", 11]] as const;
  for (const [color, used] of colors) {
    const text = await drawn(new Screen(), (line) => line.show(aStatus(used)));
    assert.ok(text.startsWith("\r\x1b[K0:01:05 | Idle | "), text);
    assert.ok(text.includes(`\x1b[${color}mGPU 0 ${used}.0 GiB / 12.0 GiB\x1b[0m`), text);
    assert.ok(text.includes("7 rows | rotates in 0:01:00"), text);
  }
});

test("a narrow terminal gets a line that fits, with what is wrong first", async () => {
  for (const columns of [20, 40, 60, 80]) {
    const alerts = [anAlert({})];
    const screen = new Screen({ columns });
    const text = await drawn(screen, (line) => line.show(aStatus(11, { alerts })));
    const shown = text.replace("\r\x1b[K", "");
    assert.ok(displayWidth(shown) < columns, `${displayWidth(shown)} of ${columns}`);
    if (columns > 30) assert.ok(shown.includes("ALERT ram"), shown);
  }
});

test("alerts: yellow, white on red, a spike in its group's colour, names escaped", async () => {
  const told = (alert: Partial<Alert>) =>
    drawn(new Screen(), (line) => {
      line.alert({ change: "begin", alert: anAlert(alert), atMs: 0 });
    });
  assert.equal(await told({}), "hmn record: \x1b[33mwarning: RAM is high\x1b[0m\n");
  assert.ok((await told({ severity: "critical" })).includes("\x1b[1;97;41mcritical: "));
  const spike = { kind: "spike", subject: "group ollama" } as const;
  assert.ok((await told(spike)).includes("\x1b[35mwarning: "));
  assert.ok((await told({ message: "a\x1b[2Jb" })).includes("a\\u{1b}[2Jb"));
});

test("where it is no terminal a line comes every 30 s, without colours", async () => {
  const screen = new Screen({ isTty: false, color: false });
  const text = await drawn(screen, (line) => {
    for (let second = 0; second < 70; second += 2) {
      const status = aStatus(1);
      line.show({ ...status, tick: { ...status.tick, elapsedMs: second * 1000 } });
    }
  });
  assert.equal(text.split("\n").length - 1, 3);
  assert.ok(!text.includes("\x1b"));
});
