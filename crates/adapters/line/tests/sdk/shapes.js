// Input: a JSON array of messages. Output: a JSON array that says of each what its type in LINE's library forbids, null
// for nothing. It fails where the events of `events.ts` are none by their types.

import { text } from 'node:stream/consumers';
import { faults } from './types.js';

const messages = JSON.parse(await text(process.stdin));
// One line each, so that a fault's line tells whose it is.
const lines = [
  "import type { messagingApi } from '@line/bot-sdk';",
  ...messages.map((message, at) => `export const m${at}: messagingApi.Message = ${JSON.stringify(message)};`),
];
const found = messages.map(() => null);
for (const { own, line, what } of faults(lines.join('\n'), ['events.ts'])) {
  if (!own || line === 0) throw new Error(what);
  found[line - 1] = what;
}
console.log(JSON.stringify(found));
