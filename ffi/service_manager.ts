/** Tells systemd how this service is: sd_notify(3), one datagram to the socket that it names. */

import { libc } from "./libc.ts";
import { lastError } from "./errno.ts";

const AF_UNIX = 1;
const SOCK_DGRAM_CLOEXEC = 2 | 0o2000000;
const MSG_NOSIGNAL = 0x4000;

/** `sun_path` has 108 bytes, and a path ends in NUL. */
const PATH_BYTES_MAX = 107;

/**
 * Sends `READY=1` or the like; does nothing where no service manager waits for it (`NOTIFY_SOCKET` is not set).
 *
 * @throws {LibcError} when it cannot be sent: the manager would wait for ever.
 * @throws {TypeError} for the name of a socket that cannot be one.
 */
export function notifyServiceManager(state: string): void {
  const name = Deno.env.get("NOTIFY_SOCKET");
  if (name === undefined || name === "") return;
  // An abstract socket is written with @, and begins with a NUL byte.
  const path = new TextEncoder().encode(name.replace(/^@/, "\0"));
  if (!/^[/@]/.test(name) || path.length > PATH_BYTES_MAX) {
    throw new TypeError(`sd_notify: expected a path in NOTIFY_SOCKET, was ${JSON.stringify(name)}`);
  }
  const isAbstract = path[0] === 0;
  const address = new Uint8Array(2 + path.length + (isAbstract ? 0 : 1));
  new Uint16Array(address.buffer, 0, 1)[0] = AF_UNIX;
  address.set(path, 2);
  const { socket, sendto, close } = libc();
  const fd = socket(AF_UNIX, SOCK_DGRAM_CLOEXEC, 0);
  if (fd < 0) throw lastError("socket");
  try {
    const message = new TextEncoder().encode(state);
    const sent = sendto(fd, message, BigInt(message.length), MSG_NOSIGNAL, address, address.length);
    if (sent < 0n) throw lastError("sendto", name);
  } finally {
    close(fd);
  }
}
