// A certified provider on a free port of this computer, for the tests. Prints `issuer <address>`, then obeys its input:
// the line `rotate` replaces all keys and is answered with `rotated`. It ends with its input. Its argument
// is the address to which people are sent back.

import { generateKeyPair, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import Provider from 'oidc-provider';

const ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA'];
const REDIRECT_URI = process.argv[2] ?? 'https://shop.example.jp/back';

const person = {
  email: 'hanako@example.jp',
  email_verified: true,
  name: '花子',
  picture: 'https://example.jp/hanako.png',
  locale: 'ja-JP',
};

async function key(type, options) {
  const { privateKey } = await promisify(generateKeyPair)(type, options);
  return { ...privateKey.export({ format: 'jwk' }), kid: randomUUID(), use: 'sig' };
}

const newKeys = () =>
  Promise.all([key('rsa', { modulusLength: 2048 }), key('ec', { namedCurve: 'P-256' }), key('ed25519')]);

// One client for each algorithm. Its secret has characters that RFC 6749, 2.3.1 wants encoded.
const client = (algorithm) => ({
  client_id: `musubi-${algorithm}`,
  client_secret: 'a secret: 50% + more/less',
  redirect_uris: [REDIRECT_URI],
  id_token_signed_response_alg: algorithm,
});

const configuration = (keys) => ({
  clients: ALGORITHMS.map(client),
  jwks: { keys },
  cookies: { keys: ['cookies of the tests'] },
  enabledJWA: { idTokenSigningAlgValues: ALGORITHMS },
  pkce: { methods: ['S256'], required: () => true },
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name', 'picture', 'locale'] },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, ...person }) }),
});

let handle;
const server = createServer((request, response) => handle(request, response));
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const issuer = `http://127.0.0.1:${server.address().port}`;

async function rotate() {
  handle = new Provider(issuer, configuration(await newKeys())).callback();
}

await rotate();
console.log(`issuer ${issuer}`);
for await (const line of createInterface({ input: process.stdin })) {
  if (line === 'rotate') {
    await rotate();
    console.log('rotated');
  }
}
process.exit();
