/** The systemd unit and the DaemonSet of `deploy/`: what they allow, and that they and the scrape job fit together. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { describe, it } from "node:test";
import { repositoryFile } from "./support/run_script.ts";

const ANALYZE = "/usr/bin/systemd-analyze";
const skipSystemd: string | false = fs.existsSync(ANALYZE) || process.env.HMN_CI === "1"
  ? false
  : "there is no systemd-analyze: apt-get install systemd";

const read = (name: string) => fs.readFileSync(repositoryFile(`deploy/${name}`), "utf8");

/** YAML as a value; the package has no types. */
async function parseYaml(text: string): Promise<unknown> {
  const module = repositoryFile("node_modules/deno-std/yaml/parse.js");
  const { parse }: { parse(text: string): unknown } = await import(module);
  return parse(text);
}

const UNIT = read("systemd/hmn.service");
/** Every setting of the unit, in order; one name may stand several times. */
const SETTINGS = UNIT.split("\n").filter((line) => /^[A-Z]\w*=/.test(line))
  .map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)] as const);
const setting = (name: string) =>
  SETTINGS.filter(([key]) => key === name).map(([, value]) => value);

describe("the systemd unit", () => {
  it("consists of sections, settings and comments", () => {
    for (const line of UNIT.split("\n")) assert.match(line, /^(?:#.*|\[\w+\]|[A-Z]\w*=.*|)$/);
    assert.deepEqual(UNIT.match(/^\[.*\]$/gm), ["[Unit]", "[Service]", "[Install]"]);
  });

  it("gives no privilege", () => {
    assert.deepEqual(setting("DynamicUser"), ["yes"]);
    assert.deepEqual(setting("CapabilityBoundingSet"), [""]);
    assert.deepEqual(setting("AmbientCapabilities"), [""]);
    assert.deepEqual(setting("NoNewPrivileges"), ["yes"]);
    assert.deepEqual(setting("ProtectSystem"), ["strict"]);
    assert.deepEqual(setting("ProtectHome"), ["yes"]);
  });

  it("leaves open what it needs: compiled code, other processes, and the driver's devices alone", () => {
    assert.deepEqual(setting("MemoryDenyWriteExecute"), ["no"]);
    assert.deepEqual(setting("ProtectProc"), ["default"]);
    assert.deepEqual(setting("ProcSubset"), ["all"]);
    assert.deepEqual(setting("PrivateDevices"), ["no"]);
    assert.deepEqual(setting("DevicePolicy"), ["closed"]);
    assert.deepEqual(setting("DeviceAllow"), ["char-nvidia* rw"]);
    // A user namespace would show the owners of other processes as nobody.
    assert.deepEqual(setting("PrivateUsers"), []);
  });

  it("takes the token from a file, and has none in itself", () => {
    assert.deepEqual(setting("EnvironmentFile"), ["/etc/hypomnesis/hmn.env"]);
    assert.deepEqual(setting("Environment"), []);
    assert.doesNotMatch(setting("ExecStart").join(), /token/i);
  });

  it("is sound to systemd", { skip: skipSystemd }, () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "hmn-unit-"));
    const verify = (text: string) => {
      const file = path.join(folder, "hmn.service");
      // The program is not installed here, and systemd looks for it.
      fs.writeFileSync(file, text.replace("/usr/local/bin/hmn", "/bin/true"));
      const { status, stderr } = spawnSync(ANALYZE, ["verify", "--man=no", file], {
        encoding: "utf8",
        timeout: 60_000,
      });
      // It also looks at the machine's own units, and what it finds there is not about this one.
      return { status, about: stderr.split("\n").filter((line) => line.includes("hmn.service")) };
    };
    try {
      assert.deepEqual(verify(UNIT), { status: 0, about: [] });
      assert.equal(verify(UNIT.replace("ProtectHome=yes", "ProtectHom=yes")).about.length, 1);
    } finally {
      fs.rmSync(folder, { recursive: true });
    }
  });
});

describe("the DaemonSet", () => {
  const text = read("kubernetes/daemonset.yaml");

  it("gives a container nothing but the node's processes to see", async () => {
    // deno-lint-ignore no-explicit-any
    const { spec } = (await parseYaml(text) as any).spec.template;
    assert.deepEqual([spec.hostPID, spec.hostNetwork, spec.hostIPC], [true, undefined, undefined]);
    assert.equal(spec.automountServiceAccountToken, false);
    assert.equal(spec.securityContext.runAsNonRoot, true);
    assert.deepEqual(spec.volumes.map((volume: object) => Object.keys(volume).join()), [
      "name,emptyDir",
    ]);
    assert.equal(spec.containers.length, 1);
    assert.deepEqual(spec.containers[0].securityContext, {
      privileged: false,
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
  });

  it("takes the token from a Secret, asks for its own health, and has limits", async () => {
    // deno-lint-ignore no-explicit-any
    const [container] = (await parseYaml(text) as any).spec.template.spec.containers;
    // deno-lint-ignore no-explicit-any
    const env = new Map(container.env.map(({ name, ...rest }: any) => [name, rest]));
    assert.deepEqual(env.get("HMN_TOKEN"), {
      valueFrom: { secretKeyRef: { name: "hmn", key: "token" } },
    });
    assert.deepEqual(container.livenessProbe.httpGet, { path: "/-/healthy", port: "metrics" });
    assert.deepEqual(container.readinessProbe.httpGet, { path: "/-/ready", port: "metrics" });
    assert.deepEqual(Object.keys(container.resources), ["requests", "limits"]);
  });

  it("selects the pods it makes", async () => {
    // deno-lint-ignore no-explicit-any
    const { apiVersion, kind, spec } = await parseYaml(text) as any;
    assert.deepEqual([apiVersion, kind], ["apps/v1", "DaemonSet"]);
    assert.deepEqual(spec.template.metadata.labels, spec.selector.matchLabels);
  });
});

describe("the files of deploy", () => {
  it("mean the same command and the same port", async () => {
    // deno-lint-ignore no-explicit-any
    const [container] = (await parseYaml(read("kubernetes/daemonset.yaml")) as any)
      .spec.template.spec.containers;
    assert.deepEqual(setting("ExecStart"), [`/usr/local/bin/hmn ${container.args.join(" ")}`]);
    assert.equal(container.args.join(" "), "serve --host 0.0.0.0 --port 9700");
    assert.equal(container.ports[0].containerPort, 9700);
    // deno-lint-ignore no-explicit-any
    const { scrape_configs } = await parseYaml(read("prometheus/prometheus.yml")) as any;
    for (const target of scrape_configs[0].static_configs[0].targets) {
      assert.match(target, /:9700$/);
    }
  });

  it("are all explained", () => {
    const readme = read("README.md");
    for (const folder of ["prometheus", "grafana", "systemd", "kubernetes"]) {
      for (const name of fs.readdirSync(repositoryFile(`deploy/${folder}`))) {
        assert.ok(readme.includes(`(${folder}/${name})`), `${folder}/${name}`);
      }
    }
  });
});
