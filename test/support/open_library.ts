/** Opens the libraries named on its command line as a worker does, and prints what came of it as JSON. */
import process from "node:process";
import { loadFfi } from "../../workers/ffi/open.ts";
import { HostError } from "../../workers/host/host.ts";

const { openLibrary } = await loadFfi();
try {
  const library = openLibrary(process.argv.slice(2), { getpid: { args: [], returns: "i32" } });
  const pid = library.functions.getpid?.() ?? null;
  console.log(JSON.stringify({ path: library.path, isOurs: pid === process.pid }));
} catch (error) {
  if (!(error instanceof HostError)) throw error;
  console.log(JSON.stringify({ code: error.code, path: error.path, message: error.message }));
}
