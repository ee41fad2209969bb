// Input: a channel secret. Output: JSON lines {body, signature}, calls as LINE makes them. `shapes.js` checks their types.

import { createHmac } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import ts from 'typescript';

const source = await readFile(`${import.meta.dirname}/events.ts`, 'utf8');
const compiled = ts.transpileModule(source, { compilerOptions: { module: ts.ModuleKind.ESNext } }).outputText;
const { calls } = await import(`data:text/javascript,${encodeURIComponent(compiled)}`);
const secret = await text(process.stdin);
for (const call of calls) {
  const body = JSON.stringify(call);
  const signature = createHmac('sha256', secret).update(body).digest('base64');
  console.log(JSON.stringify({ body, signature }));
}
