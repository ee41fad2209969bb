// Input: a JSON array of {secret, body, signature}. Output: a JSON array of what LINE's library thinks of each.

import { text } from 'node:stream/consumers';
import { validateSignature } from '@line/bot-sdk';

const valid = ({ secret, body, signature }) => {
  try {
    return validateSignature(body, secret, signature);
  } catch {
    return false;
  }
};
console.log(JSON.stringify(JSON.parse(await text(process.stdin)).map(valid)));
