/**
 * The requests that change no node: reads, and requests that set or remove watches.
 *
 * @module
 */

import { resultCodes } from "../../errors.ts";
import { permissions } from "../../types.ts";
import type { JuteReader, JuteWriter } from "../../wire/jute.ts";
import { opcodes, watcherTypes, watchModes } from "../../wire/protocol.ts";
import { writeAcl, writeStat } from "../../wire/records.ts";
import { checkAcl, isAllowed, withoutHashes } from "../tree/acl.ts";
import type { DataTree } from "../tree/data_tree.ts";
import type { TreeNode } from "../tree/tree_node.ts";
import { Refusal } from "../tree/refusal.ts";
import type { Watcher, WatchTable } from "../tree/watch_table.ts";
import type { Requester } from "./write_operations.ts";

/** What a read works on. */
export interface ReadContext {
  tree: DataTree;
  watches: WatchTable;
  watcher: Watcher;
  requester: Requester;
}

type Answer = (writer: JuteWriter) => void;

/**
 * Answers a request that changes no node; undefined if `type` is no such request.
 *
 * @throws {Refusal}
 */
export function answerRead(
  type: number,
  reader: JuteReader,
  context: ReadContext,
): Answer | undefined {
  const { tree, watches, watcher, requester } = context;
  switch (type) {
    case opcodes.exists: {
      const path = reader.string();
      // The watch is set for a missing node, too.
      if (reader.bool()) watches.addData(path, watcher);
      const stat = tree.stat(tree.node(path));
      return (writer) => writeStat(writer, stat);
    }
    case opcodes.getData: {
      const path = reader.string();
      const node = readable(tree, path, requester);
      if (reader.bool()) watches.addData(path, watcher);
      return (writer) => {
        writer.buffer(node.data);
        writeStat(writer, tree.stat(node));
      };
    }
    case opcodes.getChildren:
    case opcodes.getChildren2: {
      const path = reader.string();
      const node = readable(tree, path, requester);
      if (reader.bool()) watches.addChildren(path, watcher);
      return (writer) => {
        writer.strings([...node.children]);
        if (type === opcodes.getChildren2) writeStat(writer, tree.stat(node));
      };
    }
    case opcodes.getAcl: {
      const node = tree.node(reader.string());
      checkAcl(node.acl, requester.identities, permissions.READ | permissions.ADMIN);
      const acl = isAllowed(node.acl, requester.identities, permissions.ADMIN)
        ? node.acl
        : withoutHashes(node.acl);
      return (writer) => {
        writeAcl(writer, acl);
        writeStat(writer, tree.stat(node));
      };
    }
    case opcodes.sync: {
      const path = reader.string();
      return (writer) => writer.string(path);
    }
    case opcodes.getEphemerals: {
      const prefix = reader.string();
      const paths = tree.ephemeralsOf(requester.sessionId)
        .filter((path) => prefix === "/" || path.startsWith(prefix));
      return (writer) => writer.strings(paths);
    }
    case opcodes.getAllChildrenNumber: {
      const path = reader.string();
      readable(tree, path, requester);
      const count = tree.countDescendants(path);
      return (writer) => writer.int(count);
    }
    case opcodes.whoAmI:
      return (writer) =>
        writer.list(requester.identities, ({ scheme, id }) => {
          writer.string(scheme);
          writer.string(scheme === "digest" ? id.slice(0, id.indexOf(":")) : id);
        });
    case opcodes.setWatches:
    case opcodes.setWatches2: {
      const hasPersistent = type === opcodes.setWatches2;
      watches.restore(
        {
          relativeZxid: reader.long(),
          data: reader.strings(),
          exists: reader.strings(),
          children: reader.strings(),
          persistent: hasPersistent ? reader.strings() : [],
          persistentRecursive: hasPersistent ? reader.strings() : [],
        },
        tree,
        watcher,
      );
      return nothing;
    }
    case opcodes.addWatch: {
      const path = reader.string();
      const mode = reader.int();
      if (mode !== watchModes.persistent && mode !== watchModes.persistentRecursive) {
        throw new Refusal("MARSHALLING_ERROR");
      }
      watches.addPersistent(path, mode === watchModes.persistentRecursive, watcher);
      return (writer) => writer.int(resultCodes.OK);
    }
    case opcodes.removeWatches:
    case opcodes.checkWatches: {
      const path = reader.string();
      const which = watchKind(reader.int());
      const found = type === opcodes.removeWatches
        ? watches.remove(path, watcher, which)
        : watches.has(path, watcher, which);
      if (!found) throw new Refusal("NO_WATCHER");
      return nothing;
    }
    default:
      return undefined;
  }
}

function readable(tree: DataTree, path: string, requester: Requester): TreeNode {
  const node = tree.node(path);
  checkAcl(node.acl, requester.identities, permissions.READ);
  return node;
}

function watchKind(type: number): "data" | "children" | "any" {
  switch (type) {
    case watcherTypes.data:
      return "data";
    case watcherTypes.children:
      return "children";
    case watcherTypes.any:
      return "any";
    default:
      throw new Refusal("MARSHALLING_ERROR");
  }
}

function nothing(_writer: JuteWriter): void {}
