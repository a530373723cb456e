/**
 * Makes a port that is free when the agent looks at its machine one that somebody else has taken a moment later: so an actor
 * fails that no restart mends. Named by ROLLCALL_TEST_TAKEN_PORT.
 *
 * @module
 */

const port = Number(Deno.env.get("ROLLCALL_TEST_TAKEN_PORT"));
const { listen } = Deno;
let hasLooked = false;

Object.defineProperty(Deno, "listen", {
  value: (options: Deno.TcpListenOptions) => {
    if (options.port !== port) return listen(options);
    if (hasLooked) throw new Deno.errors.AddrInUse("Address already in use (os error 98)");
    hasLooked = true;
    return listen(options);
  },
});
