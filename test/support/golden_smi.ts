/**
 * An `nvidia-smi` that answers with the golden output of `test/golden/`: known texts as they are, and queries
 * field by field, so that it can be asked for other columns than the golden files have.
 */
import fs from "node:fs";
import { fileURLToPath } from "node:url";
import type { SmiBehaviour } from "./fake_smi.ts";

/** A machine under `test/golden/nvidia-smi/`. */
export type GoldenMachine =
  | "a100"
  | "l40s-procs"
  | "t4-lost1"
  | "t4-drv470"
  | "no-devices"
  | "no-driver-reallib"
  | "no-driver-nolib";

/** The version of nvidia-smi whose output it is. */
export type GoldenVersion = "535" | "550";

/** Other names of fields, by the name that nvidia-smi prints. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  uuid: "gpu_uuid",
  name: "gpu_name",
  "pci.bus_id": "gpu_bus_id",
  "clocks.current.sm": "clocks.sm",
  "clocks.current.memory": "clocks.mem",
  used_gpu_memory: "used_memory",
  process_name: "name",
};

/** Columns of `query-gpu-wide`, which has no header line, with their units. */
const WIDE = [
  ["index", ""],
  ["pci.bus_id", ""],
  ["pstate", ""],
  ["utilization.memory", "%"],
  ["temperature.memory", ""],
  ["power.limit", "W"],
  ["ecc.errors.uncorrected.volatile.total", ""],
  ["compute_mode", ""],
  ["mig.mode.current", ""],
] as const;

interface Table {
  readonly names: string[];
  readonly units: string[];
  readonly rows: string[][];
}

/** A `--format=csv` text as a table, its cells without units. */
function parse(text: string): Table {
  const [head = [], ...rows] = text.trimEnd().split("\n").map((line) => line.split(", "));
  const names = head.map((cell) => cell.replace(/ \[.*/, ""));
  const units = head.map((cell) => /\[(.*)\]/.exec(cell)?.[1] ?? "");
  const bare = (cell: string, i: number) =>
    units[i] !== "" && cell.endsWith(` ${units[i]}`) ? cell.slice(0, -units[i]!.length - 1) : cell;
  return { names, units, rows: rows.map((row) => row.map(bare)) };
}

function beside(left: Table, right: Table): Table {
  return {
    names: [...left.names, ...right.names],
    units: [...left.units, ...right.units],
    rows: left.rows.map((row, i) => [...row, ...right.rows[i]!]),
  };
}

function tabSeparated(table: Table): string {
  const others = table.names.map((name) => OTHER_NAMES[name] ?? "");
  return [table.names, table.units, others, ...table.rows].map((row) => row.join("\t") + "\n")
    .join("");
}

function path(relative: string): string {
  return fileURLToPath(new URL(relative, import.meta.url).href);
}

function read(file: string): string {
  return fs.readFileSync(path(`../golden/nvidia-smi/${file}`), "utf8");
}

/** Every field of `--query-gpu` that the golden files tell. */
function gpuTable(folder: string): Table {
  const wide = read(`${folder}/query-gpu-wide.out`).trimEnd().split("\n");
  const ecc = [...read(`${folder}/q-x.out`).matchAll(/<current_ecc>(.*)<\/current_ecc>/g)];
  const more = wide.map((line, i) => [...line.split(", ").slice(1), `${ecc[i]?.[1]}`]);
  return beside(parse(read(`${folder}/query-gpu-header-units.out`)), {
    names: [...WIDE.slice(1).map(([name]) => name), "ecc.mode.current"],
    units: [...WIDE.slice(1).map(([, unit]) => unit), ""],
    rows: more,
  });
}

/** Every field of `--query-compute-apps`: the golden ones, and those of the row's device; `-index` is for `-i`. */
function appTable(folder: string, gpus: Table): Table {
  const apps = parse(read(`${folder}/query-compute-apps-header-units.out`));
  const of = (row: string[], name: string) => row[gpus.names.indexOf(name)]!;
  const device = (row: string[]) => gpus.rows.find((gpu) => row.includes(of(gpu, "uuid")))!;
  return beside(apps, {
    names: ["gpu_name", "gpu_bus_id", "-index"],
    units: ["", "", ""],
    rows: apps.rows.map((row) =>
      ["name", "pci.bus_id", "index"].map((name) => of(device(row), name))
    ),
  });
}

/** Answers as the real nvidia-smi of that version did on that machine; exits 64 where that is not known. */
export function golden(machine: GoldenMachine, version: GoldenVersion = "550"): SmiBehaviour {
  if (machine === "no-devices") return noDevices();
  if (machine === "no-driver-reallib" || machine === "no-driver-nolib") {
    const stem = `no-driver/nvidia-smi-${version}-${machine.slice("no-driver-".length)}`;
    return always(read(`${stem}.out`), read(`${stem}.rc`));
  }
  const folder = `${machine}/${version}`;
  const gpus = gpuTable(folder);
  const awk = path("golden_smi.awk");
  return {
    script: script(awk),
    files: {
      gpus: tabSeparated(gpus),
      apps: tabSeparated(appTable(folder, gpus)),
      list: read(`${folder}/list.out`),
      "q-x": read(`${folder}/q-x.out`),
      version: versionText(version, gpus),
    },
  };
}

/** `-L` says it with exit code 0, everything else with 6. */
function noDevices(): SmiBehaviour {
  const script = `case " $* " in *" -L "*) exec cat "$dir/list" ;; esac\ncat "$dir/other"\nexit 6`;
  const files = { list: read("no-devices/list.out"), other: read("no-devices/query-gpu.out") };
  return { script, files };
}

function always(stdout: string, exitCode: string): SmiBehaviour {
  return { script: `cat "$dir/stdout"\nexit ${exitCode.trim()}`, files: { stdout } };
}

/** `--version`, after NVIDIA's documentation: the golden files have it without a driver only. */
function versionText(version: GoldenVersion, gpus: Table): string {
  const driver = gpus.rows[0]![gpus.names.indexOf("driver_version")]!;
  return [
    `NVIDIA-SMI version  : ${version === "535" ? "535.261.03" : "550.163.01"}`,
    `NVML version        : ${driver.split(".").slice(0, 2).join(".")}`,
    `DRIVER version      : ${driver}`,
    "CUDA Version        : 12.4\n",
  ].join("\n");
}

function script(awk: string): string {
  return `
what= fields= ids= format= list= q= x=
while [ $# -gt 0 ]; do
  case $1 in
    --query-gpu=*) what=gpus fields=\${1#*=} key=index,uuid,pci.bus_id ;;
    --query-compute-apps=*) what=apps fields=\${1#*=} key=-index,gpu_uuid,gpu_bus_id ;;
    --format=*) format=,\${1#*=}, ;;
    --id=*) ids=\${1#*=} ;;
    -i | --id) ids=$2; shift ;;
    -L | --list-gpus) list=1 ;;
    -q | --query) q=1 ;;
    -x | --xml-format) x=1 ;;
    --version) exec cat "$dir/version" ;;
    *) echo "fake nvidia-smi: no golden answer for $1" >&2; exit 64 ;;
  esac
  shift
done
header=1 units=1
case $format in *,noheader,*) header=0 ;; esac
case $format in *,nounits,*) units=0 ;; esac
if [ -n "$what" ] && [ -n "$format" ]; then
  exec awk -v fields="$fields" -v ids="$ids" -v header=$header -v units=$units -v key=$key -f '${awk}' "$dir/$what"
fi
[ -n "$list" ] && [ -z "$ids" ] && exec cat "$dir/list"
[ -n "$q$x" ] && [ "$q$x" = 11 ] && [ -z "$ids" ] && exec cat "$dir/q-x"
echo "fake nvidia-smi: no golden answer for these arguments" >&2
exit 64
`.trim();
}
