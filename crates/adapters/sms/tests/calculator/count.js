// Input: a JSON array of texts. Output: a JSON array of {encoding, count}.

import { text } from 'node:stream/consumers';
import { SegmentedMessage } from 'sms-segments-calculator';

const count = (body) => {
  const message = new SegmentedMessage(body);
  return { encoding: message.encodingName, count: message.segmentsCount };
};
console.log(JSON.stringify(JSON.parse(await text(process.stdin)).map(count)));
