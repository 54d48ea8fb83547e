/** The session file: its text, and claiming a session by making it. */
import { toSnakeCase } from "../../json_case.ts";
import { escapeJson } from "../../text.ts";
import type { SessionMeta } from "../session_meta.ts";
import type { Store } from "./store.ts";

/** Indented, because people read it too. The line breaks are put in last: they are no part of any text. */
export function metaText(meta: SessionMeta): string {
  const lines = JSON.stringify(toSnakeCase(meta), null, 2).split("\n");
  return `${lines.map(escapeJson).join("\n")}\n`;
}

/** Makes the session file; resolves to false where another session has it. A failure leaves nothing behind. */
export async function claimSession(
  store: Store,
  path: string,
  meta: SessionMeta,
): Promise<boolean> {
  let isMade = false;
  try {
    const file = await store.create(path);
    isMade = true;
    try {
      await file.append(metaText(meta));
      await file.sync();
    } finally {
      await file.close();
    }
    return true;
  } catch (error) {
    if (isMade) await store.remove(path).catch(() => {});
    if ((error as { code?: unknown }).code === "EEXIST") return false;
    throw error;
  }
}
