/**
 * The runtime's own HTTP server, for baselines: Deno.serve or Bun.serve on a free port of loopback, whose URL is printed.
 * @module
 */

type Handler = (request: Request) => Response | Promise<Response>;

interface Runtimes {
  readonly Deno?: {
    serve(
      options: { port: number; hostname: string; onListen(address: { port: number }): void },
      handler: Handler,
    ): void;
  };
  readonly Bun?: {
    serve(options: {
      port: number;
      hostname: string;
      idleTimeout: number;
      maxRequestBodySize: number;
      fetch: Handler;
    }): { port: number };
  };
}

/** Serves until the process is ended. */
export function serveNatively(handler: Handler): void {
  const { Deno: deno, Bun: bun } = globalThis as Runtimes;
  const place = { port: 0, hostname: "127.0.0.1" };
  const tell = (port: number) => console.log(`http://127.0.0.1:${port}`);
  if (bun === undefined) deno!.serve({ ...place, onListen: ({ port }) => tell(port) }, handler);
  else {
    const bounds = { idleTimeout: 0, maxRequestBodySize: Infinity };
    tell(bun.serve({ ...place, ...bounds, fetch: handler }).port);
  }
}
