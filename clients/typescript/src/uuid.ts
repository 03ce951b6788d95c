/** Ids: UUIDv7 (RFC 9562), which sort by the time at which they were made, as the server's own do. */
import { randomBytes } from "node:crypto";

let lastTime = 0;
let lastCount = 0;

/** A new id, greater than those that this process made before. */
export function uuidv7(): string {
  const bytes = randomBytes(16);
  const now = Date.now();
  // 12 bits behind the time count ids of one millisecond; when they are used up the next millisecond is borrowed.
  if (now > lastTime) {
    lastTime = now;
    lastCount = bytes.readUInt16BE(6) & 0x7ff;
  } else {
    lastCount += 1;
    if (lastCount > 0xfff) {
      lastTime += 1;
      lastCount = 0;
    }
  }
  bytes.writeUIntBE(lastTime, 0, 6);
  bytes.writeUInt16BE(0x7000 | lastCount, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
