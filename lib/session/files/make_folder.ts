/** Folders to write into. */

/** Makes a folder and those above it; one that is there is fine. Rejects with the system's error. */
export async function makeFolder(path: string): Promise<void> {
  const fs = process.getBuiltinModule("node:fs").promises;
  try {
    await fs.mkdir(path, { recursive: true });
  } catch (error) {
    // Bun on Windows says so of a folder that is there, where the path has `..` in it.
    const isThere = (error as { code?: unknown }).code === "EEXIST" &&
      await fs.stat(path).then((found) => found.isDirectory(), () => false);
    if (!isThere) throw error;
  }
}
