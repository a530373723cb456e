/**
 * Rules for node paths (ZooKeeper's PathUtils) and the arithmetic on them.
 *
 * @module
 */

/**
 * Says what is wrong with a path, or undefined if nothing is: absolute, no trailing slash, no empty,
 * `.` or `..` component, no control characters, surrogates or U+FFF0 and above.
 */
export function pathProblem(path: string): string | undefined {
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

/** The path of the node above; the root is its own parent. */
export function parentPath(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash <= 0 ? "/" : path.slice(0, slash);
}

/** The last component; empty for the root. */
export function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** The path of a child. */
export function childPath(parent: string, name: string): string {
  return parent === "/" ? `/${name}` : `${parent}/${name}`;
}

/** True if `path` is `ancestor` or below it. */
export function isWithin(path: string, ancestor: string): boolean {
  return ancestor === "/" || path === ancestor ||
    (path.startsWith(ancestor) && path[ancestor.length] === "/");
}
