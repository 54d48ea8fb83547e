/** Which recordings a command is about. */
import { HypomnesisError } from "../errors.ts";
import { SYSTEM_FILES } from "../session/files/read_files.ts";
import { findRecordings, type FoundRecording } from "../session/load/find_sessions.ts";
import { escapeText } from "../text.ts";

/**
 * All recordings in these paths, or those of a session's name, stamp or both.
 *
 * @throws {HypomnesisError} where there is none
 */
export async function recordingsIn(
  paths: readonly string[],
  session: string | null,
): Promise<readonly FoundRecording[]> {
  const found = await findRecordings(paths, SYSTEM_FILES);
  if (session === null) return found;
  const fitting = found.filter((one) =>
    one.kind === "session" && [one.name, one.stamp, `${one.name}-${one.stamp}`].includes(session)
  );
  if (fitting.length > 0) return fitting;
  const names = found.flatMap((one) => one.kind === "session" ? [`${one.name}-${one.stamp}`] : []);
  throw new HypomnesisError(
    "absent",
    `Cannot find the session ${JSON.stringify(escapeText(session))}: there ` +
      (names.length === 0 ? "is none" : `are ${listed(names)}`),
  );
}

/**
 * The one recording that is meant: of several sessions the latest.
 *
 * @throws {HypomnesisError} where there is none, or other files leave it open which
 */
export async function recordingIn(
  paths: readonly string[],
  session: string | null,
): Promise<FoundRecording> {
  const found = await recordingsIn(paths, session);
  if (found.length > 1 && found.some(({ kind }) => kind === "file")) {
    const names = paths.map((path) => JSON.stringify(escapeText(path))).join(", ");
    throw new HypomnesisError(
      "invalid_request",
      `Cannot tell which recording of ${names} is meant: name one, or give --all`,
    );
  }
  return found.at(-1)!;
}

/** So many names are told. */
const MOST_NAMES = 10;

function listed(names: readonly string[]): string {
  const shown = names.slice(-MOST_NAMES).map(escapeText).join(", ");
  return names.length > MOST_NAMES ? `${shown} and ${names.length - MOST_NAMES} older ones` : shown;
}
