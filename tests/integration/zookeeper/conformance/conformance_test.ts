// What every server of ZooKeeper's protocol does, as our client sees it: each case runs against the
// embedded coordinator, a real standalone ZooKeeper (3.8 and 3.9) and a real ensemble.
import { ZooKeeper } from "../../../../zookeeper/mod.ts";
import { extendedCases } from "./extended_cases.ts";
import { coordinationCases } from "./coordination_cases.ts";
import { multiCases } from "./multi_cases.ts";
import { operationCases } from "./operation_cases.ts";
import { quotaCases } from "./quota_cases.ts";
import { recipeCases } from "./recipe_cases.ts";
import { CaseContext, serverKinds, type TestServer } from "../servers.ts";
import { sessionCases } from "./session_cases.ts";
import { slowReaderCases } from "./slow_reader_cases.ts";
import { watchCases } from "./watch_cases.ts";
import { wireCases } from "./wire_cases.ts";
import { wordCases } from "./word_cases.ts";

const cases = {
  ...operationCases,
  ...multiCases,
  ...extendedCases,
  ...sessionCases,
  ...watchCases,
  ...recipeCases,
  ...coordinationCases,
  ...wireCases,
  ...slowReaderCases,
  ...quotaCases,
  ...wordCases,
};

for (const kind of serverKinds) {
  let shared: TestServer | undefined;
  let count = 0;

  const missing = kind.missing === undefined ? "" : ` (${kind.missing})`;

  if (kind.shared && missing === "") {
    Deno.test.beforeAll(async () => {
      shared = await kind.start();
    });
    Deno.test.afterAll(async () => {
      await shared?.stop();
    });
  }

  for (const [name, run] of Object.entries(cases)) {
    Deno.test({
      name: `${kind.name}${missing}: ${name}`,
      ignore: missing !== "",
      async fn() {
        const server = shared ?? await kind.start();
        try {
          await runCase(new CaseContext(server, kind.version, `/case-${count++}`), run);
        } finally {
          if (server !== shared) await server.stop();
        }
      },
    });
  }
}

async function runCase(
  context: CaseContext,
  run: (context: CaseContext) => Promise<void>,
): Promise<void> {
  // By the server that the case will use: another of its ensemble may be ahead.
  const admin = new ZooKeeper(`127.0.0.1:${context.server.port}${context.root}`);
  await admin.ensureChroot();
  await admin.close();
  try {
    await run(context);
  } finally {
    await context.close();
  }
}
