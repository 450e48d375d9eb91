// The card form's rules for cards and amounts, without a browser.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';

const folder = process.env.BROWSER_SCRIPTS ?? new URL('../../crates/sandbox/src/browser', import.meta.url).pathname;

/** Our scripts are modules for browsers, so Node is told that they are modules by their address. */
async function load(name) {
  return import(`data:text/javascript,${encodeURIComponent(await readFile(`${folder}/${name}`, 'utf8'))}`);
}

const card = await load('card.js');
const money = await load('money.js');
const { encode } = await load('api.js');
const now = new Date(2026, 10, 20);
const code = (name, values) => card.fault(name, values, now)?.code ?? null;

test('brands are told by their first digits', () => {
  const brands = {
    4: 'visa', 51: 'mastercard', 2221: 'mastercard', 2720: 'mastercard', 2721: 'unknown', 34: 'amex', 37: 'amex',
    6011: 'discover', 65: 'discover', 62: 'unionpay', 35: 'jcb', 36: 'diners', 305: 'diners', 9: 'unknown', '': 'unknown',
  };
  for (const [number, brand] of Object.entries(brands)) assert.equal(card.brandOf(number).name, brand, number);
});

test('numbers are written in groups, and no longer than they are', () => {
  assert.equal(card.formatNumber('42424242424242429999'), '4242 4242 4242 4242');
  assert.equal(card.formatNumber('378282246310005'), '3782 822463 10005');
  assert.equal(card.formatNumber('30569309025904'), '3056 930902 5904');
  assert.equal(card.formatNumber('42a4-2'), '4242');
});

test('numbers have faults', () => {
  const cases = {
    '': 'incomplete_number', 4242: 'incomplete_number', '4242 4242 4242 4241': 'invalid_number',
    '4242 4242 4242 4242': null, '3782 822463 10005': null, '3782 822463 10004': 'invalid_number',
    6200000000000005: null, 30569309025904: null, 4000000000000002: null,
  };
  for (const [cardnumber, expected] of Object.entries(cases)) assert.equal(code('cardnumber', { cardnumber }), expected, cardnumber);
});

test('dates are completed while they are typed', () => {
  const cases = { 1: '1', 12: '12 / ', 3: '03 / ', 1234: '12 / 34', '12/2034': '12 / 34', '1/': '01 / ', '01 / 2': '01 / 2' };
  for (const [typed, written] of Object.entries(cases)) assert.equal(card.formatExpiry(typed), written, typed);
});

test('dates have faults', () => {
  const cases = {
    12: 'incomplete_expiry', '13 / 30': 'invalid_expiry_month', '00 / 30': 'invalid_expiry_month', '12 / 25': 'invalid_expiry_year_past',
    '10 / 26': 'invalid_expiry_month_past', '11 / 26': null, '12 / 34': null, '01 / 99': 'invalid_expiry_year',
  };
  for (const [date, expected] of Object.entries(cases)) assert.equal(code('exp-date', { 'exp-date': date }), expected, date);
});

test('a security code is as long as its brand wants', () => {
  assert.equal(code('cvc', { cvc: '12', cardnumber: '4242' }), 'incomplete_cvc');
  assert.equal(code('cvc', { cvc: '123', cardnumber: '4242' }), null);
  assert.equal(code('cvc', { cvc: '123', cardnumber: '3782' }), 'incomplete_cvc');
  assert.equal(card.formatCvc('12345', '4242'), '123');
  assert.equal(card.isFull('cvc', { cvc: '123', cardnumber: '' }), false);
});

test('postal codes', () => {
  assert.equal(code('postal', { postal: '9410' }), 'incomplete_zip');
  assert.equal(code('postal', { postal: '94103' }), null);
  assert.equal(code('postal', { postal: 'SW1A 1AA' }), null);
});

test('a card becomes parameters', () => {
  const values = { cardnumber: '4242 4242 4242 4242', 'exp-date': '01 / 34', cvc: '123', postal: ' 94103 ' };
  assert.deepEqual(card.cardParams(values), { number: '4242424242424242', exp_month: 1, exp_year: 2034, cvc: '123', address_zip: '94103' });
});

test('amounts are written for people', () => {
  const written = (label, amount, currency) => money.buttonLabel(label, amount, currency);
  assert.equal(written('Pay {{amount}}', '500', 'usd'), 'Pay $5.00');
  assert.equal(written('Subscribe', 1999, 'eur'), 'Subscribe €19.99');
  assert.equal(written('Pay {{amount}}', 500, 'jpy'), 'Pay ¥500');
  assert.equal(written('Pay {{ amount }} now', 1234, 'kwd').replace(/\s/g, ' '), 'Pay KWD 1.234 now');
  assert.equal(written(undefined, undefined), 'Pay');
  assert.equal(written('Save', 0, 'usd'), 'Save $0.00');
});

test('parameters are written as Stripe reads them', () => {
  const encoded = decodeURIComponent(encode({ card: { number: '1', address: { zip: 'a&b' } }, list: ['x', true], none: undefined, nil: null }));
  assert.equal(encoded, 'card[number]=1&card[address][zip]=a&b&list[0]=x&list[1]=true');
});
