// Event ids: UUID version 7, made before the first try to send, so that an event sent twice is stored once.

/** @param {number} time Milliseconds since 1970. */
export const eventId = (time) => {
  const bytes = crypto.getRandomValues(new Uint8Array(10));
  bytes[0] = (bytes[0] & 15) | 112;
  bytes[2] = (bytes[2] & 63) | 128;
  let hex = (time + 2 ** 48).toString(16).slice(1);
  bytes.forEach((byte) => (hex += (byte + 256).toString(16).slice(1)));
  return hex.replace(/(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
};
