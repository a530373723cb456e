// Takes the place of a native module; see README.md. Empty means "no uTP here" to WebTorrent.
module.exports = {};
