// Every v1 method of the official SDK is called once, with what the description requires and with
// objects that were made for it. COMPATIBILITY.md must list the operations that are missing, and
// have the counts that are found here. No answer may be an error of the server.
// sandbox: --ignore-capabilities
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { test } from 'node:test';
import Stripe from 'stripe';
import { Description } from './description.mjs';
import { fixtures, overrides } from './fixtures.mjs';

const url = new URL(process.env.SANDBOX_URL);
const options = { host: url.hostname, port: url.port, protocol: 'http', maxNetworkRetries: 0, telemetry: false, httpAgent: new Agent({ keepAlive: false }) };
const stripe = new Stripe('sk_test_outsider_every_method', options);
const described = new Description(readFileSync(process.env.DESCRIPTION, 'utf8'));

/** The resources of a client: those with methods, at any depth, but not v2. */
function resources(of, path = []) {
  const found = [];
  for (const [name, value] of Object.entries(of)) {
    const isOther = name.startsWith('_') || name === 'v2' || name === 'stripe' || path.length > 3;
    if (isOther || typeof value !== 'object' || value === null) continue;
    if (typeof value._makeRequest === 'function') {
      const methods = Object.getOwnPropertyNames(Object.getPrototypeOf(value)).filter((one) => one !== 'constructor');
      found.push({ name: [...path, name].join('.'), resource: value, methods });
    } else if (value.stripe) found.push(...resources(value, [...path, name]));
  }
  return found;
}

/** What a method requests, without sending it. */
function request(resource, method) {
  const count = Math.max(0, resource[method].length - 2);
  const ids = Array.from({ length: count }, (_, at) => `ID${at}`);
  let seen;
  const probe = Object.create(resource, {
    _makeRequest: { value: (verb, path) => { seen = { verb, path, count }; return Promise.resolve({}); } },
  });
  try {
    Promise.resolve(probe[method](...ids, {})).catch(() => {});
  } catch {
    return undefined;
  }
  return seen && { ...seen, template: seen.path.replace(/ID\d+/g, '*') };
}

/** All methods with their operations, each operation once. */
function operations() {
  const found = new Map();
  for (const { name, resource, methods } of resources(stripe)) {
    for (const method of methods) {
      if (typeof resource[method] !== 'function' || method.startsWith('_')) continue;
      const seen = request(resource, method);
      if (!seen?.path.startsWith('/v1/')) continue;
      const key = `${seen.verb} ${seen.template}`;
      if (!found.has(key)) found.set(key, { ...seen, key, name: `${name}.${method}`, resource, method });
    }
  }
  return [...found.values()];
}

/** The operations that COMPATIBILITY.md lists as missing: `GET/POST apps/installs/{id}`. */
function listed(text) {
  const section = text.split('answer "Unrecognized request URL"')[1]?.split('\n## ')[0] ?? '';
  const names = [...section.matchAll(/`((?:GET|POST|DELETE)[^`]*)`/g)].map(([, name]) => name.split(' '));
  return names.flatMap(([verbs, path]) => verbs.split('/').map((verb) => `${verb} /v1/${path.replaceAll('{id}', '*')}`));
}

test('every v1 method of the SDK gets an answer of Stripe', { timeout: 300_000 }, async () => {
  const all = operations();
  assert.ok(all.length > 500, `only ${all.length} operations`);
  const made = await fixtures(stripe, described);
  const outcomes = { answered: [], refused: [], missing: [] };
  const broken = [];
  for (const one of all) {
    const special = await overrides[one.key]?.(made);
    const ids = special?.ids ?? await made.ids(one.template, one.verb);
    const params = special?.params ?? await made.creation(one.key) ?? described.sample(one.verb, one.template, made);
    const args = [...ids.slice(0, one.count), params, special?.options ?? {}];
    let error;
    await Promise.resolve().then(() => one.resource[one.method](...args)).catch((thrown) => { error = thrown; });
    if (!error) outcomes.answered.push(one.key);
    else if (error.message.startsWith('Unrecognized request URL')) outcomes.missing.push(one.key);
    else {
      outcomes.refused.push(`${one.key}: ${error.message}`);
      if (!(error.statusCode >= 400 && error.statusCode < 500)) broken.push(`${one.key}: ${error.statusCode} ${error.message}`);
    }
  }
  const text = readFileSync(process.env.COMPATIBILITY, 'utf8');
  assert.deepEqual(broken, [], 'no answer is an error of the server, and the SDK sends everything');
  assert.deepEqual(outcomes.missing.sort(), listed(text).sort());
  const counts = [all.length, ...Object.values(outcomes).map((some) => some.length)];
  const row = text.match(/\| Node `stripe` [^|]*\|([^\n]*)\|/)[1].split('|').map(Number);
  assert.deepEqual(counts, row, `the counts of COMPATIBILITY.md:\n${outcomes.refused.join('\n')}`);
});
