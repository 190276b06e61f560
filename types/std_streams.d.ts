/** Types of what is used of @std/streams: the npm package that carries it has none. */
declare module "@std/streams" {
  /** Cuts text into lines at `\n` and `\r\n`; with `allowCR` at a lone `\r` too. Holds one line. */
  export class TextLineStream extends TransformStream<string, string> {
    constructor(options?: { allowCR?: boolean });
  }
}
