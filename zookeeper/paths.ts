/**
 * The rules for node paths (those of ZooKeeper's PathUtils), and functions that take paths apart.
 *
 * @module
 */

/** Paths of letters, digits and the usual signs, without a component that begins with a dot: nearly all that there are. */
const PLAIN_PATH = /^(?:\/[\w-][\w.:@-]*)+$/;

/**
 * Returns what is wrong with a path, or undefined if it is valid. A valid path is absolute, has no trailing slash, no
 * empty, `.` or `..` component, no control characters, no surrogates and nothing from U+FFF0 on.
 */
export function pathProblem(path: string): string | undefined {
  if (PLAIN_PATH.test(path)) return undefined;
  if (path === "") return "a path cannot be empty";
  if (path[0] !== "/") return "a path must start with /";
  if (path === "/") return undefined;
  if (path.endsWith("/")) return "a path must not end with /";
  for (const component of path.slice(1).split("/")) {
    if (component === "") return "a path must not have an empty component";
    if (component === "." || component === "..") return "a path must not have . or .. in it";
  }
  for (let index = 0; index < path.length; index++) {
    const unit = path.charCodeAt(index);
    if (unit < 0x20 || (unit >= 0x7f && unit <= 0x9f) || (unit >= 0xd800 && unit <= 0xf8ff)) {
      return `a path must not have the character at ${index}`;
    }
    if (unit >= 0xfff0) return `a path must not have the character at ${index}`;
  }
  return undefined;
}

/** Returns the path of the parent node; the root is its own parent. */
export function parentPath(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash <= 0 ? "/" : path.slice(0, slash);
}

/** Returns the last component of a path; empty for the root. */
export function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** Returns the path of a child. */
export function childPath(parent: string, name: string): string {
  return parent === "/" ? `/${name}` : `${parent}/${name}`;
}

/** Returns true if `path` is `ancestor` or below it. */
export function isWithin(path: string, ancestor: string): boolean {
  return ancestor === "/" || path === ancestor ||
    (path.startsWith(ancestor) && path[ancestor.length] === "/");
}
