// Makes a certificate authority and certificates with openssl, for tests of TLS.

/** Everything in PEM, and the server's part as Java reads it. */
export interface Certificates {
  ca: string;
  clientCert: string;
  clientKey: string;
  /** PKCS 12: the server's key and certificate, and the authority it trusts. */
  keyStore: Uint8Array;
  trustStore: Uint8Array;
  password: string;
  /** An authority that nobody trusts. */
  strangerCa: string;
}

/** Makes them; the server's is for `serverName`, as `IP:127.0.0.1`. */
export async function makeCertificates(serverName: string): Promise<Certificates> {
  const folder = await Deno.makeTempDir({ prefix: "rollcall-certificates-" });
  const password = "for-tests";
  const at = (name: string) => `${folder}/${name}`;
  const text = (name: string) => Deno.readTextFile(at(name));
  try {
    for (const name of ["ca", "stranger"]) {
      await run("openssl", [
        ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"],
        ...["-days", "2", "-subj", `/CN=${name}`],
        ...["-keyout", at(`${name}.key`), "-out", at(`${name}.pem`)],
      ]);
    }
    for (const name of ["server", "client"]) {
      await run("openssl", [
        ...["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"],
        ...["-subj", `/CN=${name}`, "-keyout", at(`${name}.key`), "-out", at(`${name}.csr`)],
      ]);
      await Deno.writeTextFile(
        at("extensions"),
        `basicConstraints=CA:FALSE\nsubjectAltName=${serverName}\n`,
      );
      await run("openssl", [
        ...["x509", "-req", "-in", at(`${name}.csr`), "-days", "2", "-CAcreateserial"],
        ...["-CA", at("ca.pem"), "-CAkey", at("ca.key"), "-extfile", at("extensions")],
        ...["-out", at(`${name}.pem`)],
      ]);
    }
    await run("openssl", [
      ...["pkcs12", "-export", "-inkey", at("server.key"), "-in", at("server.pem")],
      ...["-certfile", at("ca.pem"), "-passout", `pass:${password}`, "-out", at("server.p12")],
    ]);
    await run("keytool", [
      ...["-importcert", "-noprompt", "-alias", "ca", "-file", at("ca.pem")],
      ...["-storetype", "PKCS12", "-keystore", at("trust.p12"), "-storepass", password],
    ]);
    return {
      ca: await text("ca.pem"),
      strangerCa: await text("stranger.pem"),
      clientCert: await text("client.pem"),
      clientKey: await text("client.key"),
      keyStore: await Deno.readFile(at("server.p12")),
      trustStore: await Deno.readFile(at("trust.p12")),
      password,
    };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function run(command: string, args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(command, { args }).output();
  if (!success) {
    throw new Error(`${command} ${args[0]}: ${new TextDecoder().decode(stderr)}`);
  }
}
