// Takes the place of a native module; see README.md. Undefined means "no WebRTC here" to WebTorrent.
export const RTCPeerConnection = undefined;
export const RTCSessionDescription = undefined;
export const RTCIceCandidate = undefined;
export default undefined;
