/** The worker without a library. */

self.onmessage = ({ data: { number, value } }) => self.postMessage({ number, value: value + 1 });
