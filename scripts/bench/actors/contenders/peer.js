/**
 * Loads a peer by its name. Not a plain import, which a check of the whole project would want to
 * resolve: the peers are installed only by the benchmark itself.
 *
 * @module
 */

/** The module of that package. */
export function loadPeer(name) {
  return import(name);
}
