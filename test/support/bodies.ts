/**
 * Request bodies that record what is done to them.
 * @module
 */

/** A body, and what was done to it. */
export interface Recorded {
  stream: ReadableStream<Uint8Array>;
  pulled: number;
  cancelled: unknown[];
}

/** A body in pieces; then it ends, or fails with `fault`, or stays open (`fault` is "open"). Records what is done to it. */
export function body(pieces: Uint8Array[], fault?: unknown): Recorded {
  const recorded: Recorded = { pulled: 0, cancelled: [] } as unknown as Recorded;
  let next = 0;
  recorded.stream = new ReadableStream<Uint8Array>({
    pull(controller): Promise<void> | void {
      const piece = pieces[next++];
      if (piece !== undefined) {
        recorded.pulled += piece.byteLength;
        controller.enqueue(piece);
      } else if (fault === "open") return new Promise(() => {});
      else if (fault !== undefined) controller.error(fault);
      else controller.close();
    },
    cancel(reason) {
      recorded.cancelled.push(reason);
    },
  }, { highWaterMark: 0 });
  return recorded;
}

/** The data in pieces of `size`, the last one as it comes. */
export function cut(data: Uint8Array, size: number): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < data.byteLength; at += size) pieces.push(data.subarray(at, at + size));
  return pieces;
}
