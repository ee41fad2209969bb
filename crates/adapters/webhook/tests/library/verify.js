// Input: a JSON array of {secret, body, headers}. Output: a JSON array: what the official library reads of each, or why it
// does not.

import { text } from 'node:stream/consumers';
import { Webhook } from 'standardwebhooks';

const verify = ({ secret, body, headers }) => {
  try {
    return { read: new Webhook(secret).verify(body, headers) };
  } catch (error) {
    return { refused: error.message };
  }
};
console.log(JSON.stringify(JSON.parse(await text(process.stdin)).map(verify)));
