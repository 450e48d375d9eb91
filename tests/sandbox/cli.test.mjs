// The real Stripe CLI against the sandbox: events are forwarded and signed, logs are followed, an
// event is sent again, and its triggers run to the end.
import assert from 'node:assert/strict';
import { spawn, execFile } from 'node:child_process';
import { createServer } from 'node:http';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import Stripe from 'stripe';
import { meterEvents } from './meter-events.mjs';

const KEY = 'sk_test_outsider_cli_1234';
// The binary itself: npm's wrapper would leave it running when it is killed.
const BINARY = join(import.meta.dirname, `node_modules/@stripe/cli-${process.platform}-${process.arch}/bin/stripe`);
const home = mkdtempSync(join(tmpdir(), 'stripe-cli-'));
const env = { ...process.env, HOME: home, STRIPE_API_KEY: KEY, STRIPE_CLI_TELEMETRY_OPTOUT: '1' };
const run = promisify(execFile);
const cli = (...words) => run(BINARY, [...words, '--api-base', process.env.SANDBOX_URL], { env, timeout: 30_000 });
const received = [];
const children = [];
let server;
let meters;

/** Starts a command that goes on, and waits until it says that it is ready. */
async function start(...words) {
  const child = spawn(BINARY, [...words, '--api-base', process.env.SANDBOX_URL], { env });
  children.push(child);
  const said = { text: '' };
  const ready = new Promise((resolve, reject) => {
    const hear = (bytes) => {
      said.text += bytes;
      if (said.text.includes('Ready!')) resolve();
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    child.on('exit', () => reject(new Error(said.text)));
  });
  await ready;
  return said;
}

/** Waits until something holds. */
async function until(holds, what) {
  for (let tries = 0; tries < 200; tries += 1) {
    const found = holds();
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail(what);
}

before(async () => {
  meters = await meterEvents(home, process.env.SANDBOX_URL);
  Object.assign(env, meters.env);
  server = createServer((request, answer) => {
    let body = '';
    request.on('data', (bytes) => { body += bytes; });
    request.on('end', () => {
      received.push({ body, signature: request.headers['stripe-signature'] });
      answer.end('taken');
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
});

after(() => {
  children.forEach((child) => child.kill());
  meters.stop();
  server.closeAllConnections();
  server.close();
  rmSync(home, { recursive: true, force: true });
});

test('listen forwards events with a signature that the SDK accepts; logs tail shows requests', async () => {
  const hook = `http://127.0.0.1:${server.address().port}/hook`;
  const listening = await start('listen', '--skip-update', '--all-snapshot', '--forward-to', hook);
  const logs = await start('logs', 'tail');
  const secret = listening.text.match(/whsec_\w+/)[0];
  await cli('trigger', 'customer.created');
  const first = await until(() => received.find(({ body }) => body.includes('customer.created')), 'an event arrives');
  const event = Stripe.webhooks.constructEvent(first.body, first.signature, secret);
  assert.equal(event.type, 'customer.created');
  assert.throws(() => Stripe.webhooks.constructEvent(first.body, first.signature, 'whsec_other'));
  await until(() => logs.text.includes('POST /v1/customers'), 'a request is in the log');

  await cli('trigger', 'charge.failed');
  await until(() => logs.text.includes('card_error'), 'a decline is in the log');

  const times = () => received.filter(({ body }) => JSON.parse(body).id === event.id).length;
  assert.equal(times(), 1, 'in one version, not in two');
  await cli('events', 'resend', event.id);
  await until(() => times() === 2, 'the event arrives again');
  const deliveries = await (await fetch(new URL('/_sandbox/deliveries', process.env.SANDBOX_URL))).json();
  const taken = deliveries.data.filter((one) => one.event === event.id && one.endpoint === 'stripe listen');
  assert.deepEqual(taken.map((one) => one.state), ['delivered', 'delivered']);
});

/** The triggers that COMPATIBILITY.md lists as missing: one that works all the same fails the test. */
function missing() {
  const text = readFileSync(process.env.COMPATIBILITY, 'utf8');
  const section = text.split('## Triggers of the Stripe CLI that fail')[1]?.split('\n## ')[0] ?? '';
  return new Set([...section.matchAll(/`([^`]+)`/g)].map(([, name]) => name));
}

test('every trigger of the CLI runs to the end, and its event exists', { timeout: 300_000 }, async () => {
  const { stdout } = await cli('trigger', '--help');
  const events = [...stdout.matchAll(/^\s+([a-z0-9_]+(?:\.[a-z0-9_]+)+)\s*$/gm)].map(([, name]) => name);
  assert.ok(events.length > 100, `only ${events.length} events`);
  const failed = [];
  const listed = missing();
  for (const name of events) {
    const works = await cli('trigger', name).then(() => true, () => false);
    if (works === listed.has(name)) failed.push(`${name} ${works ? 'works' : 'fails'}`);
  }
  assert.deepEqual(failed, []);
});
