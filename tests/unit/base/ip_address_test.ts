import assert from "node:assert/strict";
import { addressKey, anyAddress, formatIpv6, withoutMapping } from "../../../base/ip_address.ts";

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
  assert.equal(addressKey("2001:0DB8:0000:1::1"), addressKey("2001:db8:0:1::2"));
});

Deno.test("formatIpv6: as a socket writes the address", async () => {
  const listener = Deno.listen({ hostname: anyAddress(), port: 0 });
  const { port } = listener.addr;
  try {
    for (const hostname of anyAddress() === "::" ? ["127.0.0.1", "::1"] : ["127.0.0.1"]) {
      const [dialled, accepted] = await Promise.all([
        Deno.connect({ hostname, port }),
        listener.accept(),
      ]);
      assert.equal(withoutMapping(accepted.remoteAddr.hostname), hostname);
      dialled.close();
      accepted.close();
    }
  } finally {
    listener.close();
  }
  const bytes = (...groups: number[]) =>
    new Uint8Array(groups.flatMap((group) => [group >> 8, group & 255]));
  assert.equal(formatIpv6(bytes(0, 0, 0, 0, 0, 0, 0, 1)), "::1");
  assert.equal(formatIpv6(bytes(0x2001, 0xdb8, 0, 0, 1, 0, 0, 1)), "2001:db8::1:0:0:1");
  assert.equal(formatIpv6(bytes(0, 0, 0, 0, 0, 0xffff, 0x0a00, 1)), "10.0.0.1");
});
