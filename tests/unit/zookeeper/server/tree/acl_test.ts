// Who a client is, by its address and its credentials.
import assert from "node:assert/strict";
import {
  addressIdentity,
  digestIdentity,
  isAllowed,
} from "../../../../../zookeeper/server/tree/acl.ts";

Deno.test("acl: an IPv4 client is the same over a socket of either kind", () => {
  const acl = [{ permissions: 31, scheme: "ip", id: "10.1.0.0/16" }];
  for (const hostname of ["10.1.2.3", "::ffff:10.1.2.3", "::FFFF:10.1.2.3"]) {
    const identity = addressIdentity(hostname);
    assert.deepEqual(identity, { scheme: "ip", id: "10.1.2.3" });
    assert.ok(isAllowed(acl, [identity], 1));
  }
  for (const hostname of ["::1", "fe80::1", "::ffff:a:b", "2001:db8::ffff:10.1.2.3"]) {
    assert.deepEqual(addressIdentity(hostname), { scheme: "ip", id: hostname });
  }
});

Deno.test("acl: credentials without a colon are a user without a password", () => {
  const of = (text: string) => digestIdentity(new TextEncoder().encode(text)).id;
  // As `echo -n ann:secret | openssl sha1 -binary | base64` says.
  assert.equal(of("ann:secret"), "ann:7RJfAeIvrl4zdj6sS2fXrQHDvHM=");
  assert.match(of("ann"), /^ann:.{28}$/);
  assert.match(of("a:b:c"), /^a:.{28}$/);
  assert.match(of(""), /^:.{28}$/);
});
