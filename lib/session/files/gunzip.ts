/** Bytes of a gzip file, as far as they can be had. */

/** Why a gzip file ended early; `null` while it has not. */
export interface GunzipOutcome {
  trouble: "cut" | "damaged" | null;
}

/** Compressed bytes given in at a time: what comes out of them is in memory at once. */
const PIECE_BYTES = 2 ** 15;

/**
 * What is compressed in `stream`. A file that was cut off or damaged gives what stands before that place; `outcome`
 * tells of it afterwards.
 */
export async function* gunzip(
  stream: AsyncIterable<Uint8Array>,
  outcome: GunzipOutcome,
): AsyncGenerator<Uint8Array, void, void> {
  const decoder = process.getBuiltinModule("node:zlib").createGunzip();
  let pieces: Uint8Array[] = [];
  decoder.on("data", (piece: Uint8Array) => pieces.push(piece));
  const failed = new Promise<void>((resolve) => {
    decoder.on("error", (error) => {
      const { code } = error as { code?: string };
      outcome.trouble = code === "Z_BUF_ERROR" ? "cut" : "damaged";
      resolve();
    });
  });
  const ended = new Promise<void>((resolve) => decoder.on("end", resolve));
  const takePieces = () => {
    const taken = pieces;
    pieces = [];
    return taken;
  };
  try {
    for await (const bytes of stream) {
      for (let at = 0; at < bytes.length && outcome.trouble === null; at += PIECE_BYTES) {
        const piece = bytes.subarray(at, at + PIECE_BYTES);
        // Waited for, so that what comes of the last piece is here before the end of a cut file is an error.
        const taken = new Promise<void>((resolve) => decoder.write(piece, () => resolve()));
        await Promise.race([taken, failed]);
        yield* takePieces();
      }
      if (outcome.trouble !== null) return;
    }
    decoder.end();
    await Promise.race([ended, failed]);
    yield* takePieces();
  } finally {
    decoder.destroy();
  }
}
