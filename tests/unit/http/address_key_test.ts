import assert from "node:assert/strict";
import { addressKey, withoutMapping } from "../../../http/address_key.ts";

Deno.test("withoutMapping: an IPv4 address in its own form, others as they are", () => {
  assert.equal(withoutMapping("::ffff:10.0.0.1"), "10.0.0.1");
  assert.equal(withoutMapping("10.0.0.1"), "10.0.0.1");
  assert.equal(withoutMapping("2001:db8::1"), "2001:db8::1");
});

Deno.test("addressKey: IPv4 by address, IPv6 by its network of 64 bits", () => {
  assert.notEqual(addressKey("10.0.0.1"), addressKey("10.0.0.2"));
  assert.equal(addressKey("2001:db8:0:1::1"), addressKey("2001:db8:0:1:ffff::2"));
  assert.equal(addressKey("2001:db8::1"), addressKey("2001:db8:0:0:1:2:3:4"));
  assert.notEqual(addressKey("2001:db8:0:1::1"), addressKey("2001:db8:0:2::1"));
  assert.equal(addressKey("::1"), "0:0:0:0");
  assert.equal(addressKey("fe80::1%eth0"), "fe80:0:0:0");
});
