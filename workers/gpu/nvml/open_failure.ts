/** What is said where NVML can't be opened. Pure. */
import type { Failure } from "../../../lib/errors.ts";
import type { Host } from "../../host/host.ts";
import { nvmlFailure } from "./return_codes.ts";
import type { OpenFailure } from "./session.ts";

/** The failure of not being able to open NVML at all. */
export function openFailure(
  { code, detail, refused }: OpenFailure,
  nvmlPath: string | null,
  platform: Host["platform"],
): Failure {
  if (code !== null) return nvmlFailure(code, "initialise NVML");
  const why = refused
    ? `${detail}; on Deno allow --allow-ffi`
    : nvmlPath === null
    ? `there is no ${
      platform === "windows" ? "nvml.dll" : "libnvidia-ml"
    } here, NVIDIA's driver library`
    : detail;
  return {
    code: refused ? "permission_denied" : "absent",
    source: "nvml",
    message: `Cannot open NVML: ${why}`,
  };
}
