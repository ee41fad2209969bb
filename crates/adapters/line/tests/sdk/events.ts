// Calls of LINE as its library types them: each kind of event that there is.

import type { webhook } from '@line/bot-sdk';

const user = { type: 'user', userId: 'U4af4980629aa0b4d3a1f0c0b0a5f3e2d' } as const;
const group = { type: 'group', groupId: 'Ca56f94637c0000000000000000000000', userId: user.userId } as const;

const common = (id: number, source: webhook.Source = user, isRedelivery = false) => ({
  mode: 'active' as const,
  timestamp: 1_774_000_000_000 + id,
  source,
  webhookEventId: `01FZ74A0TDDPYRVKNK77XKC${id}`,
  deliveryContext: { isRedelivery },
});
const replyToken = 'nHuyWiB7yP5Zw52FIkcQobQuGDXCTA';

export const calls: webhook.CallbackRequest[] = [
  { destination: 'U8e742f61d673b39c7fff3cecb7536ef0', events: [] },
  {
    destination: 'U8e742f61d673b39c7fff3cecb7536ef0',
    events: [
      { ...common(0), type: 'follow', replyToken, follow: { isUnblocked: false } },
      { ...common(1, user, true), type: 'follow', replyToken, follow: { isUnblocked: true } },
      { ...common(2), type: 'unfollow' },
      {
        ...common(3),
        type: 'message',
        replyToken,
        message: { type: 'text', id: '444573844083572737', quoteToken: 'q3Plxr4AgKd', text: '明日は空いていますか？ 🍎 "\\' },
      },
      { ...common(4), type: 'postback', replyToken, postback: { data: 'cancel=260320-XTHYJC8-P' } },
      { ...common(5), type: 'postback', replyToken, postback: { data: 'day', params: { date: '2026-03-20' } } },
      {
        ...common(6),
        type: 'message',
        replyToken,
        message: { type: 'sticker', id: '1', quoteToken: 'q', packageId: '446', stickerId: '1988', stickerResourceType: 'STATIC' },
      },
      {
        ...common(7),
        type: 'message',
        replyToken,
        message: { type: 'location', id: '2', latitude: 35.66, longitude: 139.71, address: '東京都渋谷区', title: '表参道' },
      },
      { ...common(8, group), type: 'join', replyToken },
      { ...common(9, group), type: 'message', replyToken, message: { type: 'text', id: '3', quoteToken: 'q', text: 'みんな' } },
      { ...common(10), type: 'accountLink', replyToken, link: { result: 'ok', nonce: 'n' } },
      { ...common(11, group), type: 'leave' },
      { ...common(12), type: 'unsend', unsend: { messageId: '444573844083572737' } },
    ],
  },
];
