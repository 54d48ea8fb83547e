/** The live page in a real browser, before a stand-in for its server: what it shows, and what it bears. */
import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { livePage } from "../lib/http/live_page.ts";
import { actsOn, HOSTILE } from "./support/an_analysis.ts";
import {
  type Chromium,
  type OpenOptions,
  type OpenPage,
  skipPages,
  startChromium,
} from "./support/chromium.ts";
import {
  aDevice,
  aGpuProcess,
  aHistory,
  aHungReading,
  aMachine,
  anAlert,
  anAllocator,
  aPhase,
  aProcess,
  aReading,
  GIB,
} from "./support/live_page_data.ts";
import { type LiveServer, type LiveServerOptions, startLiveServer } from "./support/live_server.ts";

/** A line that broke and a token that is wanted are told by the browser itself. */
const OF_THE_BROWSER =
  /^Failed to load resource: (?:net::ERR_|the server responded with a status of 401)/;

describe("the live page", { skip: skipPages }, () => {
  let chromium: Chromium;
  let server: LiveServer | null = null;
  let opened: OpenPage[] = [];

  before(async () => {
    chromium = await startChromium();
  });
  after(() => chromium.close());
  afterEach(async () => {
    await Promise.all(opened.map(({ page }) => page.close()));
    opened = [];
    await server?.stop();
    server = null;
  });

  const serve = async (options: LiveServerOptions = {}) => server = await startLiveServer(options);
  const look = async (url: string, how?: OpenOptions) => {
    const open = await chromium.open(url, how);
    opened.push(open);
    return open;
  };
  const ask = <T>({ page }: OpenPage, expression: string) =>
    page.evaluate(expression) as Promise<T>;
  /** Waits until the page says so. */
  const until = async (open: OpenPage, expression: string) => {
    for (let i = 0; i < 200; i++) {
      if (await ask<boolean>(open, `Boolean(${expression})`)) return;
      await pause(50);
    }
    assert.fail(`it never came true: ${expression}\n${await ask(open, "document.body.innerText")}`);
  };
  const text = (open: OpenPage, selector: string) =>
    ask<string>(open, `document.querySelector(${JSON.stringify(selector)}).innerText`);
  const isLive = (open: OpenPage) =>
    until(open, `document.documentElement.matches(".has-data[data-connection=live]")`);
  /** A page that shows a reading, of a server that tells the last minutes. */
  const lookAt = async (
    reading = aReading(Date.now()),
    how?: OpenOptions,
    history = aHistory(reading.atMs, 300),
  ) => {
    const { url, push } = await serve({ history });
    push(reading);
    const open = await look(`${url}/`, how);
    await isLive(open);
    // The history comes behind the first reading.
    const told = history.atMs.length;
    await until(open, `hypomnesis.known.ring.samples.length >= ${told}`);
    return open;
  };
  const firstColumn = (open: OpenPage, n = 2) =>
    ask<string[]>(
      open,
      `[...document.querySelectorAll("#process-rows tr")].map((row) => row.children[${
        n - 1
      }].innerText)`,
    );

  it("shows devices, machine and processes, complains about nothing, asks nobody else", async () => {
    const open = await lookAt();
    const card = await text(open, '[data-gpu="0"]');
    for (
      const part of [
        "GPU 0 NVIDIA GeForce RTX 3090",
        "GPU-02345678…",
        "33.3 %",
        "8.0 GiB of 24.0 GiB",
        "15.5 GiB",
        "512 MiB",
        "42 %",
        "61 °C",
        "203 W",
      ]
    ) assert.ok(card.includes(part), `${part} is not in ${card}`);
    assert.deepEqual(
      await ask(
        open,
        `[...document.querySelectorAll("#device-cards .memory")].map(({ dataset }) => dataset.zone)`,
      ),
      ["good", "caution"],
    );
    assert.equal(
      await ask(open, `document.querySelector('[data-gpu="0"] [role=meter]').ariaValueNow`),
      "33",
    );
    const machine = await text(open, "#machine-card");
    for (
      const part of [
        "24.0 GiB of 64.0 GiB",
        "1.0 GiB of 8.0 GiB",
        "20.0 GiB of 32.0 GiB",
        "1.2 % of 10 s",
      ]
    ) {
      assert.ok(machine.includes(part), `${part} is not in ${machine}`);
    }
    assert.deepEqual(await firstColumn(open), ["python3", "Xorg", "mystery", "postgres"]);
    assert.deepEqual(await firstColumn(open, 4), ["9.0 GiB", "300 MiB", "?", "–"]);
    assert.match(await text(open, "#process-remark"), /NVML_VALUE_NOT_AVAILABLE/);
    assert.equal(await text(open, "#connection"), "live");
    assert.deepEqual(open.complaints, []);
    assert.deepEqual(
      [...open.requests].sort(),
      ["/", "/v1/history", "/v1/stream?interval=1s"].map((path) => server!.url + path),
    );
  });

  it("follows the readings, and leaves rows and focus where they are", async () => {
    const atMs = Date.now();
    const open = await lookAt(aReading(atMs));
    await open.page.focus("#process-filter");
    await ask(open, `globalThis.kept = document.querySelector("#process-rows tr")`);
    server!.push(aReading(atMs + 1000, {
      gpu: { ...aReading(atMs).gpu!, devices: [aDevice(0, { usedBytes: 23 * GIB }), aDevice(1)] },
    }));
    await until(open, `document.querySelector('[data-gpu="0"] .share').innerText === "95.8 %"`);
    assert.equal(await text(open, "#badge"), "[Mem:96%]");
    assert.match(await open.page.title(), /^\[Mem:96%\] ⚠ hypomnesis 127\.0\.0\.1/);
    assert.match(await text(open, "#troubles"), /GPU 0 is 95\.8% full/);
    assert.ok(await ask(open, `kept === document.querySelector("#process-rows tr")`));
    assert.equal(await ask(open, "document.activeElement.id"), "process-filter");
  });

  it("draws the history, gaps and all, and goes on with what comes", async () => {
    const atMs = Date.now();
    const history = aHistory(atMs, 300, {
      phases: [
        aPhase("mission", atMs - 200_000, null),
        aPhase("mission/load", atMs - 200_000, atMs - 100_000),
      ],
      alerts: [anAlert("a", atMs - 50_000, { endedAtMs: atMs - 20_000 })],
    });
    const open = await lookAt(aReading(atMs, { phases: [history.phases[0]!] }), {}, history);
    await until(open, `hypomnesis.plots.all.gpu?.data[0].length > 300`);
    const [known, lost, latest] = await ask<[number, number, number]>(
      open,
      `(() => {
      const [, first] = hypomnesis.plots.all.gpu.data;
      return [first.filter((value) => value !== null).length, first.filter((value) => value === null).length, first.at(-1)];
    })()`,
    );
    assert.deepEqual([known, lost, latest], [281, 20, 8]);
    const colors = await ask<number[]>(
      open,
      `
      [...document.querySelectorAll(".uplot canvas")].map((canvas) => {
        const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        return new Set(new Uint32Array(data.buffer)).size;
      })`,
    );
    assert.equal(colors.length, 3, "no allocator told anything, so there is no plot of it");
    assert.ok(colors.every((count) => count > 20), `colours: ${colors}`);
    assert.match(
      await text(open, "#phase-list"),
      /NOW\s+mission since .*\n?.*ENDED\s+mission\/load/s,
    );
    assert.match(await text(open, "#alert-list"), /ENDED\s+GPU 0 holds 19\.0 GiB/);
    // Five seconds later: what was not seen is a gap.
    server!.push(aReading(atMs + 5000, { phases: [] }));
    await until(open, `hypomnesis.plots.all.gpu.data[0].length === 303`);
    assert.deepEqual(await ask(open, "hypomnesis.plots.all.ram.data[1].slice(-3)"), [24, null, 24]);
    assert.doesNotMatch(await text(open, "#phase-list"), /NOW/);
    await open.page.click('[data-minutes="5"]');
    await until(open, `(({ min, max }) => max - min === 300)(hypomnesis.plots.all.ram.scales.x)`);
    assert.deepEqual(open.complaints, []);
  });

  it("plots can be read and their curves hidden without a mouse", async () => {
    const open = await lookAt();
    await until(open, "hypomnesis.plots.all.gpu?.data[0].length === 301");
    await open.page.focus("#plot-gpu");
    for (const key of ["ArrowLeft", "ArrowLeft"] as const) await open.page.keyboard.press(key);
    assert.equal(await ask(open, "hypomnesis.plots.all.gpu.cursor.idx"), 299);
    await open.page.focus("#plot-gpu .u-legend .u-series:nth-child(2) th");
    await open.page.keyboard.press("Enter");
    assert.equal(await ask(open, "hypomnesis.plots.all.gpu.series[1].show"), false);
    assert.equal(await ask(open, "document.activeElement.ariaPressed"), "false");
  });

  it("survives a restart of the server", async () => {
    const atMs = Date.now();
    const open = await lookAt(aReading(atMs));
    await server!.stop();
    await until(open, `document.querySelector("#connection").innerText === "reconnecting …"`);
    assert.match(await text(open, "#connection-why"), /the server/);
    assert.match(await text(open, '[data-gpu="0"]'), /8\.0 GiB of 24\.0 GiB/);
    await server!.start();
    server!.history = aHistory(atMs + 3000, 2);
    server!.push(
      aReading(atMs + 4000, {
        gpu: { ...aReading(atMs).gpu!, devices: [aDevice(0, { usedBytes: 12 * GIB })] },
      }),
    );
    await until(open, `document.querySelector('[data-gpu="0"] .share').innerText === "50.0 %"`);
    assert.equal(await text(open, "#connection"), "live");
    assert.equal(await text(open, "#connection-why"), "");
    assert.equal(server!.streams.at(-1)!.lastEventId, "1");
    // The hour from before is still there, and what the new server saw is with it.
    await until(open, `hypomnesis.known.ring.samples.length === 304`);
    assert.match(await text(open, '[data-gpu="1"]'), /gone: the driver no longer lists it/);
    assert.deepEqual(open.complaints.filter((line) => !OF_THE_BROWSER.test(line)), []);
  });

  it("says how old the data is once nothing comes any more", async () => {
    const open = await lookAt();
    assert.ok(await ask(open, `document.querySelector("#stale").hidden`));
    await until(open, `!document.querySelector("#stale").hidden`);
    assert.match(await text(open, "#stale"), /^The data is \d+ s old\.$/);
    assert.equal(await text(open, "#connection"), "connected, but nothing comes");
    assert.equal(
      await ask(open, `getComputedStyle(document.querySelector(".card .value")).opacity`),
      "0.45",
    );
    await until(open, `document.title.startsWith("[Mem:?]")`);
    server!.push(aReading(Date.now()));
    await until(
      open,
      `document.querySelector("#stale").hidden && document.title.startsWith("[Mem:79%]")`,
    );
    assert.equal(await text(open, "#connection"), "live");
  });

  it("shows a source that hangs as hung, with the reason, and no number of its", async () => {
    const atMs = Date.now();
    const open = await lookAt(aHungReading(atMs, atMs - 42_000));
    await until(open, `document.querySelectorAll("#device-cards .card").length === 2`);
    const card = await text(open, '[data-gpu="0"]');
    assert.match(
      card,
      /hung: Cannot read nvmlDeviceGetMemoryInfo_v2: it did not return within 5 s/,
    );
    assert.match(card, /\? of \?/);
    assert.doesNotMatch(card, /\b0(?:\.0)? (?:%|[KMG]iB|W|°C)/);
    assert.equal(
      await ask(open, `document.querySelectorAll("#device-cards [role=meter]").length`),
      0,
    );
    assert.match(await text(open, "#troubles"), /HUNG\s+nvml since [\d:]+ \(42 s\): Cannot read/);
    assert.match(
      await text(open, "#source-rows"),
      /nvml\s+hung\s+[\d:]+ \(42 s\)\s+42 s ago\s+1\s+Cannot read/,
    );
    assert.deepEqual(await firstColumn(open, 4), ["?", "?", "?", "?"]);
    assert.match(await text(open, "#machine-card"), /24\.0 GiB of 64\.0 GiB/);
  });

  it("without any answer and without GPUs nothing is 0", async () => {
    const open = await lookAt(
      aReading(Date.now(), {
        gpu: null,
        system: null,
        processes: [],
        hasMemoryAlarm: null,
        probeMs: { system: null, driver: null },
      }),
      {},
      aHistory(0, 0, { devices: [], system: { totalBytes: null, usedBytes: [] } }),
    );
    assert.match(await text(open, "#no-devices"), /^GPUs: \? – no answer/);
    assert.match(await text(open, "#machine-card"), /no answer.*RAM\s+\?\s+\? of \?/s);
    assert.equal(await text(open, "#badge"), "[Mem:?]");
    assert.doesNotMatch(await text(open, "#memory"), /\b0 (?:%|[KMG]?i?B)/);
    assert.deepEqual(open.complaints, []);
  });

  it("says why a GPU or a number of it is missing; shows slices", async () => {
    const slice = {
      uuid: null,
      name: "MIG 1g.5gb",
      gpuInstanceId: 7,
      computeInstanceId: 0,
      totalBytes: 5 * GIB,
      freeBytes: null,
      reservedBytes: null,
    };
    const open = await lookAt(aReading(Date.now(), {
      gpu: {
        ...aReading(0).gpu!,
        devices: [
          aDevice(0, {
            powerWatts: null,
            migEnabled: true,
            migSlices: [{ ...slice, index: 0, usedBytes: 4 * GIB }, {
              ...slice,
              index: 1,
              usedBytes: null,
            }],
          }),
          aDevice(1, {
            state: "lost",
            usedBytes: null,
            freeBytes: null,
            totalBytes: null,
            reservedBytes: null,
          }),
        ],
      },
      failures: [{
        code: "not_supported",
        message: "Cannot read the power of GPU 0: it is not supported",
        source: "nvml",
        deviceIndex: 0,
      }],
    }));
    assert.match(await text(open, '[data-gpu="1"]'), /lost: it fell off the bus/);
    assert.match(
      await text(open, '[data-gpu="0"] .slices'),
      /Slice 0 · MIG 1g\.5gb · GI 7 CI 0\s+80\.0 %.*Slice 1.*\? of 5\.0 GiB/s,
    );
    const power =
      `[...document.querySelectorAll('[data-gpu="0"] dt')].find((one) => one.innerText === "Power").nextSibling`;
    assert.deepEqual(await ask(open, `[${power}.innerText, ${power}.title]`), [
      "?",
      "Cannot read the power of GPU 0: it is not supported",
    ]);
    assert.match(
      await ask(open, `document.querySelector('[data-gpu="0"] details').textContent`),
      /not known \(1\)Cannot read the power/,
    );
  });

  it("shows phases, alerts and what allocators told", async () => {
    const atMs = Date.now();
    const phase = {
      ...aPhase("mission/planning", atMs - 125_000, null),
      type: "run",
      step: "3",
      labels: { model: "llama" },
    };
    const allocators = [
      anAllocator({ allocatedBytes: 95, reservedBytes: 100, pid: 4711, device: 0, step: 12 }),
      anAllocator({ allocatedBytes: 40, reservedBytes: 100, pid: 4712 }, 5000),
      anAllocator({ allocatedBytes: 40, reservedBytes: 100, pid: 4713 }, 90_000),
    ];
    const open = await lookAt(
      aReading(atMs, { phases: [phase], alerts: [anAlert("a", atMs - 10_000)], allocators }),
    );
    const [full, loose, stale] = await ask<string[]>(
      open,
      `[...document.querySelectorAll("#allocator-cards .card")].map((one) => one.innerText)`,
    );
    assert.match(
      full!,
      /Process 4711, its GPU 0\s+critical.*95\.0 %.*Fragmentation\s+5\.0 %.*Step\s+12/s,
    );
    assert.match(
      loose!,
      /healthy.*40\.0 %.*60\.0 %.*5\.0 s old.*60\.0% of the reserve is held and not used/s,
    );
    assert.match(stale!, /stale: the last report is 1 min 30 s old.*\? of \?/s);
    assert.equal(await text(open, "#badge"), "[Mem:95%]");
    assert.equal(await text(open, "#badge-of"), "allocator of process 4711");
    await until(open, "hypomnesis.plots.all.allocator?.data[1].at(-1) === 95");
    assert.match(
      await text(open, "#phase-list"),
      /NOW\s+mission\/planning type run · step 3 · model=llama · since [\d:]+ \(2 min 5 s\)/,
    );
    assert.match(await text(open, "#alert-list"), /WARNING\s+GPU 0 holds 19\.0 GiB/);
    server!.push(aReading(atMs + 1000, { allocators }));
    await until(open, `/^ENDED/.test(document.querySelector("#alert-list").innerText)`);
    assert.match(await text(open, "#phase-list"), /^ENDED/);
  });

  it("sorts by a column, by keyboard too, and filters", async () => {
    const open = await lookAt();
    const sorted = (column: number) =>
      ask<string | null>(
        open,
        `document.querySelector("#process-head th:nth-child(${column})").ariaSort`,
      );
    assert.equal(await sorted(4), "descending");
    await open.page.click("#process-head th:nth-child(5) button");
    await until(open, `document.querySelector("#process-rows th").innerText === "postgres"`);
    assert.deepEqual([await sorted(4), await sorted(5)], [null, "descending"]);
    await open.page.focus("#process-head th:nth-child(2) button");
    await open.page.keyboard.press("Enter");
    await until(open, `document.querySelector("#process-rows th").innerText === "mystery"`);
    assert.equal(await sorted(2), "ascending");
    await open.page.keyboard.press("Enter");
    await until(open, `document.querySelector("#process-rows th").innerText === "Xorg"`);
    // What is not known is last either way.
    for (let i = 0; i < 2; i++) {
      await open.page.click("#process-head th:nth-child(4) button");
      await until(
        open,
        `document.querySelector("#process-head th:nth-child(4)").ariaSort === "${
          i === 0 ? "descending" : "ascending"
        }"`,
      );
      assert.deepEqual((await firstColumn(open)).slice(2), ["mystery", "postgres"]);
    }
    await open.page.type("#process-filter", "GPU 1 PYTH");
    await until(open, `document.querySelectorAll("#process-rows tr").length === 1`);
    assert.match(await text(open, "#process-remark"), /1 of 4 processes shown/);
  });

  it("asks for the token, keeps it for the tab, and takes it from the address", async () => {
    const { url, push } = await serve({ token: "open-sesame" });
    push(aReading(Date.now()));
    const open = await look(`${url}/`);
    await until(open, `!document.querySelector("#token").hidden`);
    assert.equal(await text(open, "#connection"), "waiting for the token");
    assert.equal(await ask(open, "document.activeElement.id"), "token-input");
    await open.page.keyboard.type("wrong");
    await open.page.keyboard.press("Enter");
    await until(
      open,
      `document.querySelector("#token-remark").innerText === "The server did not take this token."`,
    );
    await open.page.type("#token-input", "open-sesame");
    await open.page.keyboard.press("Enter");
    await isLive(open);
    assert.ok(await ask(open, `document.querySelector("#token").hidden`));
    await open.page.reload();
    await isLive(open);
    const linked = await look(`${url}/#token=open-sesame`);
    await isLive(linked);
    assert.equal(await ask(linked, "location.href"), `${url}/`);
    assert.deepEqual(open.complaints.filter((line) => !OF_THE_BROWSER.test(line)), []);
    assert.deepEqual(linked.complaints, []);
  });

  it("runs nothing of hostile names and shows everything of them", async () => {
    const atMs = Date.now();
    const device = aDevice(0, {
      name: HOSTILE,
      uuid: HOSTILE,
      driverVersion: HOSTILE,
      state: "failed",
    });
    const open = await lookAt(
      aReading(atMs, {
        gpu: {
          devices: [device],
          processes: [aGpuProcess(1, HOSTILE, GIB)],
          listedDevices: [0],
          foreignPids: false,
        },
        processes: [aProcess(2, HOSTILE, GIB)],
        system: aMachine({ cgroup: { ...aMachine().cgroup!, path: HOSTILE } }),
        phases: [{
          ...aPhase(HOSTILE, atMs, null),
          type: HOSTILE,
          step: HOSTILE,
          labels: { [HOSTILE]: HOSTILE },
        }],
        alerts: [anAlert(HOSTILE, atMs, { message: HOSTILE, subject: HOSTILE })],
        failures: [{ code: "driver_failed", message: HOSTILE, source: "nvml", deviceIndex: 0 }],
        sources: [{
          source: "nvml",
          state: "driver_failed",
          message: HOSTILE,
          sinceMs: atMs,
          lastSuccessMs: null,
          hangs: 0,
        }],
        alarms: [{ part: "device", device: 0, pid: null, ratio: 1, message: HOSTILE }],
        allocators: [{ ...anAllocator({ allocatedBytes: 1, reservedBytes: 2 }), step: HOSTILE }],
      }),
      {},
      aHistory(atMs, 60, { phases: [aPhase(HOSTILE, atMs - 9000, atMs)] }),
    );
    await until(open, "hypomnesis.plots.all.gpu");
    assert.equal(await ask(open, "globalThis.pwned"), undefined);
    assert.deepEqual(await ask(open, "[document.images.length, document.scripts.length]"), [0, 1]);
    for (
      const place of [
        '[data-gpu="0"]',
        "#process-rows",
        "#phase-list",
        "#alert-list",
        "#troubles",
        "#machine-card",
      ]
    ) {
      const shown = await text(open, place);
      assert.ok(shown.includes("<img src=x onerror="), `${place}: ${shown}`);
    }
    const everything = await ask<string>(open, "document.body.textContent + document.title");
    assert.ok(!actsOn(everything));
    assert.deepEqual(open.complaints, []);
  });

  it("draws nothing while nobody looks, and everything when somebody does again", async () => {
    const atMs = Date.now();
    const open = await lookAt(aReading(atMs));
    const hide = (isHidden: boolean) =>
      ask(
        open,
        `Object.defineProperty(document, "hidden", { value: ${isHidden}, configurable: true }), document.dispatchEvent(new Event("visibilitychange"))`,
      );
    await hide(true);
    server!.push(aReading(atMs + 1000, { system: aMachine({ usedBytes: 32 * GIB }) }));
    await until(open, `hypomnesis.known.reading.at_ms === ${atMs + 1000}`);
    await pause(100);
    assert.match(await text(open, "#machine-card"), /24\.0 GiB of 64\.0 GiB/);
    await hide(false);
    await until(
      open,
      `/32\\.0 GiB of 64\\.0 GiB/.test(document.querySelector("#machine-card").innerText)`,
    );
  });

  it("fits a narrow screen", async () => {
    const atMs = Date.now();
    const open = await lookAt(
      aReading(atMs, {
        phases: [aPhase("a-phase-with-a-very-long-name-".repeat(4), atMs, null)],
        allocators: [anAllocator({ allocatedBytes: GIB, reservedBytes: 6 * GIB, pid: 1 })],
        processes: [aProcess(1, "a-long-name-of-a-process", GIB)],
      }),
      { width: 360 },
    );
    await until(open, "hypomnesis.plots.all.gpu");
    const [page, right] = await ask<[number, number]>(
      open,
      `[
      document.documentElement.scrollWidth,
      Math.max(...[...document.querySelectorAll(".uplot, .card, .verdict, header > *")].map((one) => one.getBoundingClientRect().right)),
    ]`,
    );
    assert.equal(page, 360);
    assert.ok(right <= 360, `something ends at ${right}`);
  });

  it("is dark where the system is, and at the press of a button", async () => {
    const ground = (open: OpenPage) => ask(open, "getComputedStyle(document.body).backgroundColor");
    const light = await lookAt();
    const dark = await look(`${server!.url}/`, { dark: true });
    const [ofDark, ofLight] = [await ground(dark), await ground(light)];
    assert.notEqual(ofDark, ofLight);
    await light.page.bringToFront();
    await light.page.click("#theme");
    assert.equal(await ground(light), ofDark);
    await light.page.click("#theme");
    assert.equal(await ground(light), ofLight);
  });

  it("finds its server wherever it is mounted", async () => {
    const { url, push } = await serve({ mount: "/hmn" });
    push(aReading(Date.now()));
    for (const address of [url, `${url}/`]) {
      const open = await look(address);
      await isLive(open);
      assert.deepEqual([...open.requests].sort(), [
        address,
        `${url}/v1/history`,
        `${url}/v1/stream?interval=1s`,
      ]);
    }
  });

  it("without scripts it says what it needs", async () => {
    const { url } = await serve();
    const open = await look("about:blank");
    await open.page.setJavaScriptEnabled(false);
    await open.page.goto(`${url}/`);
    await open.page.setJavaScriptEnabled(true);
    assert.match(await text(open, "main"), /needs scripts/);
    assert.ok(!(await text(open, "body")).includes("No reading has come"));
  });
});

it("the page is sent with a policy that lets nothing else in", async () => {
  const { html, headers } = await livePage();
  assert.match(
    headers["content-security-policy"]!,
    /^default-src 'none'; script-src 'sha256-[^']{44}'; style-src 'sha256-[^']{44}'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'$/,
  );
  assert.equal(headers["x-content-type-options"], "nosniff");
  assert.equal(headers["referrer-policy"], "no-referrer");
  assert.equal(html.match(/<\/script/g)!.length, 1);
  assert.match(html, /uPlot, Copyright \(c\) \d{4} Leon Sorokin, MIT License/);
});
