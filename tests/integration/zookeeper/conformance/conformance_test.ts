// What every server of ZooKeeper's protocol does, as our client sees it: each case runs against the
// embedded coordinator, a real standalone ZooKeeper and a real ensemble.
import { ZooKeeper } from "../../../../zookeeper/mod.ts";
import { extendedCases } from "./extended_cases.ts";
import { coordinationCases } from "./coordination_cases.ts";
import { multiCases } from "./multi_cases.ts";
import { operationCases } from "./operation_cases.ts";
import { recipeCases } from "./recipe_cases.ts";
import { CaseContext, serverKinds, type TestServer } from "../servers.ts";
import { sessionCases } from "./session_cases.ts";
import { watchCases } from "./watch_cases.ts";

const cases = {
  ...operationCases,
  ...multiCases,
  ...extendedCases,
  ...sessionCases,
  ...watchCases,
  ...recipeCases,
  ...coordinationCases,
};

for (const kind of serverKinds) {
  let shared: TestServer | undefined;
  let count = 0;

  if (kind.shared) {
    Deno.test.beforeAll(async () => {
      shared = await kind.start();
    });
    Deno.test.afterAll(async () => {
      await shared?.stop();
    });
  }

  for (const [name, run] of Object.entries(cases)) {
    Deno.test(`${kind.name}: ${name}`, async () => {
      const server = shared ?? await kind.start();
      try {
        await runCase(server, `/case-${count++}`, run);
      } finally {
        if (server !== shared) await server.stop();
      }
    });
  }
}

async function runCase(
  server: TestServer,
  root: string,
  run: (context: CaseContext) => Promise<void>,
): Promise<void> {
  // By the server that the case will use: another of its ensemble may be ahead.
  const admin = new ZooKeeper(`127.0.0.1:${server.port}${root}`);
  await admin.ensureChroot();
  await admin.close();
  const context = new CaseContext(server, root);
  try {
    await run(context);
  } finally {
    await context.close();
  }
}
