/** A server of DHCP whose answers have the options that it is given, in hex, as they are: real ones split none. */
import { createSocket } from "node:dgram";

const OPTIONS = 240;
const [DISCOVER, OFFER, ACK] = [1, 2, 5];
const given = Buffer.from(process.argv[2] ?? "", "hex");

const socket = createSocket("udp4");
socket.on("message", (asked) => {
  const answer = Buffer.from(asked.subarray(0, OPTIONS));
  answer[0] = 2;
  answer.set([10, 5, 0, 50], 16);
  // ovms-init says first what it asks for.
  const type = asked[OPTIONS + 2] === DISCOVER ? OFFER : ACK;
  const options = Buffer.concat([Buffer.from([53, 1, type]), given, Buffer.from([255])]);
  socket.send(Buffer.concat([answer, options]), 68, "255.255.255.255");
});
socket.bind(67, () => socket.setBroadcast(true));
