// What every server of ZooKeeper's protocol does, as our client sees it: each case runs against the
// embedded coordinator and against a real ZooKeeper.
import { ZooKeeper } from "../../../zookeeper/mod.ts";
import { operationCases } from "./operation_cases.ts";
import { recipeCases } from "./recipe_cases.ts";
import { CaseContext, serverKinds, type TestServer } from "./servers.ts";
import { sessionCases } from "./session_cases.ts";
import { watchCases } from "./watch_cases.ts";

const cases = { ...operationCases, ...sessionCases, ...watchCases, ...recipeCases };

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
  const admin = new ZooKeeper(server.connectString);
  await admin.create(root);
  await admin.close();
  const context = new CaseContext(server, root);
  try {
    await run(context);
  } finally {
    await context.close();
  }
}
