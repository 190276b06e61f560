/**
 * The inside of the intake: sources of bytes that are read on demand. Layers (counting, recognising, decoding,
 * multipart) are stacked as sources, and only the outermost one becomes a stream, because a web stream
 * costs 0.3 to 0.5 microseconds a chunk for every layer where a source costs 0.05 to 0.1.
 * @module
 */

/** Live counters of one upload; the intake adds to them while the upload is read. */
export interface IntakeFigures {
  /** Bytes taken from the request body, compressed where it is compressed, multipart framing included. */
  wireBytes: number;
  /** Decoded bytes given out to the pipeline. */
  bytes: number;
}

/**
 * Bytes on demand. One read at a time; after `null` or a throw nobody reads again.
 * Chunks are never empty and never copied without need: do not write to one, and do not transfer its buffer
 * to another thread, since neighbouring chunks may share it.
 */
export interface ByteSource {
  /** The next bytes, or null at the clean end. Throws the run's fault, always the same object. */
  read(): Promise<Uint8Array | null>;
  /** Gives everything up, also while a read is pending (which then gives null). Safe to call twice and after the end. */
  cancel(reason: unknown): Promise<void>;
}

/**
 * The source as a stream that reads only when its consumer does (nothing is queued: memory is what the source holds).
 * A fault errors the stream with the very object thrown and gives the source up with it. Cancelling waits for the source.
 */
export function toStream(source: ByteSource, figures: IntakeFigures): ReadableStream<Uint8Array> {
  let over = false;
  return new ReadableStream<Uint8Array>({
    async pull(controller): Promise<void> {
      try {
        const chunk = await source.read();
        if (over) return;
        if (chunk === null) {
          over = true;
          controller.close();
        } else {
          figures.bytes += chunk.byteLength;
          controller.enqueue(chunk);
        }
      } catch (fault) {
        if (over) return;
        over = true;
        controller.error(fault);
        await source.cancel(fault);
      }
    },
    cancel(reason): Promise<void> {
      over = true;
      return source.cancel(reason);
    },
  }, { highWaterMark: 0 });
}

/** The first bytes of a source, and the source as it was before they were looked at. */
export interface Peeked {
  head: Uint8Array;
  source: ByteSource;
}

/**
 * Reads until `enough` says so or the source ends, and gives back what was seen along with a source that starts
 * with it again. Holds no more than `enough` asks for plus one chunk. A fault while looking is not lost and not
 * early: the returned source gives the bytes seen and then throws it.
 */
export async function peek(
  source: ByteSource,
  enough: (head: Uint8Array) => boolean,
): Promise<Peeked> {
  let head: Uint8Array = new Uint8Array(0);
  let tail: () => Promise<Uint8Array | null> = () => source.read();
  try {
    while (!enough(head)) {
      const chunk = await source.read();
      if (chunk === null) {
        tail = () => Promise.resolve(null);
        break;
      }
      head = join(head, chunk);
    }
  } catch (fault) {
    tail = () => Promise.reject(fault);
  }
  let given = head.byteLength === 0;
  return {
    head,
    source: {
      read() {
        if (given) return tail();
        given = true;
        return Promise.resolve(head);
      },
      cancel: (reason) => source.cancel(reason),
    },
  };
}

/**
 * A source whose kind is only known after looking into `origin`: `open` is called at the first read and may peek.
 * Cancelling before that cancels the origin.
 */
export function deferred(
  origin: ByteSource,
  open: (origin: ByteSource) => Promise<ByteSource>,
): ByteSource {
  let inner: ByteSource | undefined;
  let cancelled = false;
  const first = async (): Promise<Uint8Array | null> => {
    inner = await open(origin);
    if (!cancelled) return inner.read();
    // It was made after the cancel that should have reached it
    await inner.cancel(undefined);
    return null;
  };
  return {
    read: () => inner === undefined ? first() : inner.read(),
    cancel(reason) {
      cancelled = true;
      return (inner ?? origin).cancel(reason);
    },
  };
}

/** Both pieces as one; copies only when both hold bytes. */
export function join(left: Uint8Array, right: Uint8Array): Uint8Array {
  if (left.byteLength === 0) return right;
  if (right.byteLength === 0) return left;
  const whole = new Uint8Array(left.byteLength + right.byteLength);
  whole.set(left, 0);
  whole.set(right, left.byteLength);
  return whole;
}

/** The bytes as messages show them: `1f 8b 08`. */
export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
}
