// Input: JSON {base, token, push, retryKey, reply}. Sends both as LINE's own client does. Output: the ids that it was told.

import { text } from 'node:stream/consumers';
import { messagingApi } from '@line/bot-sdk';

const { base, token, push, retryKey, reply } = JSON.parse(await text(process.stdin));
const client = new messagingApi.MessagingApiClient({ channelAccessToken: token, baseURL: base });
const answers = [await client.pushMessage(push, retryKey), await client.replyMessage(reply)];
console.log(JSON.stringify(answers.map((answer) => answer.sentMessages[0].id)));
