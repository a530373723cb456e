// TLS and SASL against a real server: who gets in, who does not, and that the client says why.
import assert from "node:assert/strict";
import {
  type Log,
  permissions,
  silentLog,
  ZooKeeper,
  ZooKeeperError,
  type ZooKeeperOptions,
} from "../../../../zookeeper/mod.ts";
import { type RealZooKeeper, startRealZooKeeper } from "../../../real_zookeeper.ts";
import { type Certificates, makeCertificates } from "./certificates.ts";
import { causes } from "../servers.ts";
import { FaultyProxy } from "../../../../zookeeper/testing/mod.ts";

function tlsServer(certificates: Certificates): Promise<RealZooKeeper> {
  const { password, keyStore, trustStore } = certificates;
  return startRealZooKeeper({
    secure: true,
    files: { "server.p12": keyStore, "trust.p12": trustStore },
    properties: {
      "zookeeper.ssl.keyStore.location": "FOLDER/server.p12",
      "zookeeper.ssl.keyStore.password": password,
      "zookeeper.ssl.keyStore.type": "PKCS12",
      "zookeeper.ssl.trustStore.location": "FOLDER/trust.p12",
      "zookeeper.ssl.trustStore.password": password,
      "zookeeper.ssl.trustStore.type": "PKCS12",
      "zookeeper.ssl.clientAuth": "need",
      // The client's certificate names the host of this machine, as the server would want.
      "zookeeper.ssl.hostnameVerification": "false",
    },
  });
}

/** Connects, or gives the failures that the client logged on the way. */
async function attempt(connectString: string, options: ZooKeeperOptions): Promise<string> {
  const failure = Promise.withResolvers<string>();
  const log: Log = {
    ...silentLog,
    debug: (_message, properties) => failure.resolve(String(properties?.error)),
  };
  const zk = new ZooKeeper(connectString, { ...options, log, connectTimeoutMs: 2_000 });
  try {
    return await Promise.race([zk.connected().then(() => "connected"), failure.promise]);
  } finally {
    await zk.close();
  }
}

Deno.test("ZooKeeper: TLS with an authority and a client certificate, and not without", async (t) => {
  const certificates = await makeCertificates("IP:127.0.0.1");
  const { ca, clientCert: cert, clientKey: key, strangerCa } = certificates;
  const server = await tlsServer(certificates);
  const address = `127.0.0.1:${server.securePort}`;
  try {
    await t.step("the certificates hold", async () => {
      const proxy = new FaultyProxy(server.securePort);
      const zk = new ZooKeeper(proxy.connectString, { tls: { caCerts: [ca], cert, key } });
      await zk.connected();
      const { sessionId } = zk;
      const large = new Uint8Array(900_000).fill(7);
      await zk.create("/large", large);
      await causes("suspended", zk, () => proxy.cut());
      assert.deepEqual((await zk.get("/large")).data, large);
      assert.equal(zk.sessionId, sessionId);
      assert.ok(
        (await zk.whoAmI()).some(({ scheme, user }) =>
          scheme === "x509" && user.includes("CN=client")
        ),
      );
      await zk.close();
      await proxy.close();
    });
    await t.step("nobody knows the server's authority", async () => {
      assert.match(await attempt(address, { tls: { cert, key } }), /UnknownIssuer/);
      assert.match(
        await attempt(address, { tls: { caCerts: [strangerCa], cert, key } }),
        /UnknownIssuer|BadSignature/,
      );
    });
    await t.step("the client shows no certificate", async () => {
      assert.notEqual(await attempt(address, { tls: { caCerts: [ca] } }), "connected");
    });
    await t.step("the certificate is for another host", async () => {
      const named = `localhost:${server.securePort}`;
      assert.match(
        await attempt(named, { tls: { caCerts: [ca], cert, key } }),
        /not valid for name/,
      );
      assert.equal(
        await attempt(named, {
          tls: { caCerts: [ca], cert, key, unsafelyDisableHostnameVerification: true },
        }),
        "connected",
      );
    });
    await t.step("one side speaks TLS, the other does not", async () => {
      assert.notEqual(await attempt(address, {}), "connected");
      const plain = `127.0.0.1:${server.port}`;
      assert.notEqual(await attempt(plain, { tls: { caCerts: [ca] } }), "connected");
    });
  } finally {
    await server.stop();
  }
});

Deno.test("ZooKeeper: SASL DIGEST-MD5 proves who one is, again on each connection", async () => {
  const server = await startRealZooKeeper({
    config: ["authProvider.1=org.apache.zookeeper.server.auth.SASLAuthenticationProvider"],
    files: {
      "jaas.conf": `Server {
        org.apache.zookeeper.server.auth.DigestLoginModule required
        user_ann="a \\"quoted\\" secret" user_bob="plain";
      };`.replaceAll('\\"', "'"),
    },
    properties: { "java.security.auth.login.config": "FOLDER/jaas.conf" },
  });
  const proxy = new FaultyProxy(server.port);
  const ann = new ZooKeeper(proxy.connectString, {
    sasl: { username: "ann", password: "a 'quoted' secret" },
  });
  const bob = new ZooKeeper(server.connectString, {
    sasl: { username: "bob", password: "plain" },
  });
  try {
    const acl = [{ permissions: permissions.ALL, scheme: "sasl", id: "ann" }];
    await ann.create("/hers", "1", { acl });
    await causes("suspended", ann, () => proxy.cut());
    await ann.set("/hers", "2");
    assert.deepEqual(
      (await ann.whoAmI()).filter(({ scheme }) => scheme === "sasl"),
      [{ scheme: "sasl", user: "ann" }],
    );
    await assert.rejects(
      bob.get("/hers"),
      (error) => error instanceof ZooKeeperError && error.code === "NO_AUTH",
    );
    const wrong = { sasl: { username: "bob", password: "wrong" } };
    assert.match(await attempt(server.connectString, wrong), /AUTH_FAILED|closed/);
  } finally {
    await ann.close();
    await bob.close();
    await proxy.close();
    await server.stop();
  }
});
