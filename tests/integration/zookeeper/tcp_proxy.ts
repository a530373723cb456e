// The proxy of the public test tools, under the names that the tests here use.
import {
  expireSession as expire,
  FaultyProxy,
  type GrantedSession,
} from "../../../zookeeper/testing/mod.ts";

export { FaultyProxy as TcpProxy };
export type { GrantedSession as OverheardSession };

/** Ends a session at the server behind its client's back, as its expiry would. */
export function expireSession(port: number, session: GrantedSession): Promise<void> {
  return expire({ port }, session);
}
