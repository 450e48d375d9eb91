// The families of the catalog and of billing, by the official SDK against a running sandbox.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import Stripe from 'stripe';

const url = new URL(process.env.SANDBOX_URL);
const stripe = new Stripe('sk_test_sandbox1234', {
  host: url.hostname,
  port: url.port,
  protocol: 'http',
  telemetry: false,
});
const rejects = (promise, type, param) =>
  assert.rejects(promise, (error) => {
    assert.equal(error.type, type);
    assert.equal(error.param, param);
    return true;
  });
const recurring = { recurring: { interval: 'month' } };
const price = (unit_amount, more = {}) =>
  stripe.prices.create({ currency: 'usd', unit_amount, product_data: { name: 'Tea' }, ...more });
const customer = (more = {}) =>
  stripe.customers.create({ email: 'amy@example.com', source: 'tok_visa', ...more });

test('products and prices', async () => {
  const product = await stripe.products.create({ name: 'Tea', metadata: { kind: 'green' } });
  const made = await stripe.prices.create({
    currency: 'eur', product: product.id, unit_amount_decimal: '12.5', lookup_key: 'tea',
  });
  assert.equal(made.unit_amount, null);
  assert.equal(String(made.unit_amount_decimal), '12.5');
  const moved = await stripe.prices.create({
    currency: 'eur', product: product.id, unit_amount: 700, lookup_key: 'tea',
    transfer_lookup_key: true,
  });
  const found = await stripe.prices.list({ lookup_keys: ['tea'], expand: ['data.product'] });
  assert.deepEqual(found.data.map((one) => one.id), [moved.id]);
  assert.equal(found.data[0].product.name, 'Tea');
  await rejects(stripe.prices.create({ currency: 'eur', product: product.id, unit_amount: 1,
    recurring: { interval: 'hour' } }), 'StripeInvalidRequestError', 'recurring[interval]');
  const archived = await stripe.products.update(product.id, { active: false });
  assert.equal(archived.active, false);
  assert.deepEqual((await stripe.products.list({ active: true, ids: [product.id] })).data, []);
  const found_again = await stripe.products.search({ query: "metadata['kind']:'green'" });
  assert.equal(found_again.data[0].id, product.id);
});

test('lists page by themselves', async () => {
  for (let at = 0; at < 5; at += 1) await stripe.coupons.create({ percent_off: at + 1, name: 'p' });
  const seen = [];
  for await (const coupon of stripe.coupons.list({ limit: 2 })) seen.push(coupon.percent_off);
  assert.deepEqual(seen.slice(0, 5), [5, 4, 3, 2, 1]);
});

test('coupons and promotion codes', async () => {
  const coupon = await stripe.coupons.create({ amount_off: 500, currency: 'usd', id: 'FIVE' });
  assert.equal(coupon.valid, true);
  const code = await stripe.promotionCodes.create({
    promotion: { type: 'coupon', coupon: coupon.id }, code: 'SPRING', max_redemptions: 3,
  });
  const expanded = await stripe.promotionCodes.retrieve(code.id, { expand: ['promotion.coupon'] });
  assert.equal(expanded.promotion.coupon.amount_off, 500);
  assert.equal((await stripe.promotionCodes.update(code.id, { active: false })).active, false);
  assert.equal((await stripe.coupons.del('FIVE')).deleted, true);
  await assert.rejects(stripe.coupons.retrieve('FIVE'), { statusCode: 404, code: 'resource_missing' });
});

test('an invoice with a discount and a tax', async () => {
  const payer = await customer();
  const rate = await stripe.taxRates.create({ display_name: 'VAT', percentage: 20, inclusive: false });
  const coupon = await stripe.coupons.create({ percent_off: 50 });
  const invoice = await stripe.invoices.create({
    customer: payer.id, default_tax_rates: [rate.id], discounts: [{ coupon: coupon.id }],
  });
  await stripe.invoiceItems.create({ customer: payer.id, invoice: invoice.id, amount: 1001, currency: 'usd' });
  const open = await stripe.invoices.finalizeInvoice(invoice.id);
  // Half of 1001 is 501 off; 20 % of 500 is 100.
  assert.equal(open.subtotal, 1001);
  assert.equal(open.total, 600);
  const paid = await stripe.invoices.pay(invoice.id, { expand: ['payments'] });
  assert.equal(paid.status, 'paid');
  assert.equal(paid.payments.data[0].amount_paid, 600);
  const { data } = await stripe.invoices.listLineItems(invoice.id);
  assert.equal(data[0].taxes[0].amount, 100);
  const note = await stripe.creditNotes.create({ invoice: invoice.id, amount: 200, refund_amount: 200 });
  assert.equal(note.post_payment_amount, 200);
  const found = await stripe.invoices.search({ query: `customer:'${payer.id}' AND status:'paid'` });
  assert.equal(found.data[0].id, invoice.id);
});

test('a subscription over three months of a test clock', async () => {
  const start = Math.floor(Date.UTC(2026, 0, 31) / 1000);
  const clock = await stripe.testHelpers.testClocks.create({ frozen_time: start });
  const payer = await customer({ test_clock: clock.id });
  const { id } = await price(1000, recurring);
  const subscription = await stripe.subscriptions.create({
    customer: payer.id, items: [{ price: id, quantity: 3 }], trial_period_days: 7,
    expand: ['latest_invoice'],
  });
  assert.equal(subscription.status, 'trialing');
  assert.equal(subscription.latest_invoice.total, 0);
  const day = 86400;
  await stripe.testHelpers.testClocks.advance(clock.id, { frozen_time: start + 70 * day });
  assert.equal((await stripe.testHelpers.testClocks.retrieve(clock.id)).status, 'ready');
  const invoices = await stripe.invoices.list({ subscription: subscription.id });
  assert.deepEqual(invoices.data.map((one) => [one.billing_reason, one.total]), [
    ['subscription_cycle', 3000], ['subscription_cycle', 3000], ['subscription_cycle', 3000],
    ['subscription_create', 0],
  ]);
  const preview = await stripe.invoices.createPreview({ subscription: subscription.id });
  assert.equal(preview.amount_due, 3000);
  const item = subscription.items.data[0].id;
  const changed = await stripe.subscriptions.update(subscription.id, {
    items: [{ id: item, quantity: 1 }], proration_behavior: 'always_invoice',
  });
  assert.equal(changed.items.data[0].quantity, 1);
  const ended = await stripe.subscriptions.cancel(subscription.id);
  assert.equal(ended.status, 'canceled');
  assert.equal((await stripe.testHelpers.testClocks.del(clock.id)).deleted, true);
  await assert.rejects(stripe.customers.retrieve(payer.id), { statusCode: 404 });
});

test('a declined first payment', async () => {
  const poor = await customer({ source: 'tok_chargeCustomerFail' });
  const { id } = await price(1000, recurring);
  const items = [{ price: id }];
  const incomplete = await stripe.subscriptions.create({ customer: poor.id, items });
  assert.equal(incomplete.status, 'incomplete');
  await rejects(stripe.subscriptions.create({ customer: poor.id, items,
    payment_behavior: 'error_if_incomplete' }), 'StripeCardError', undefined);
});

test('what a customer has', async () => {
  const owner = await customer();
  const credit = await stripe.customers.createBalanceTransaction(owner.id, { amount: -300, currency: 'usd' });
  assert.equal(credit.ending_balance, -300);
  const tax = await stripe.customers.createTaxId(owner.id, { type: 'gb_vat', value: 'GB123456789' });
  assert.equal(tax.country, 'GB');
  assert.equal((await stripe.customers.listTaxIds(owner.id)).data.length, 1);
  assert.equal((await stripe.customers.retrieveCashBalance(owner.id)).customer, owner.id);
  const key = await stripe.ephemeralKeys.create({ customer: owner.id }, { apiVersion: '2026-10-28.endive' });
  assert.match(key.secret, /^ek_test_/);
});

test('links, quotes, portal and top-ups', async () => {
  const { id } = await price(500);
  const link = await stripe.paymentLinks.create({ line_items: [{ price: id, quantity: 2 }] });
  assert.equal((await stripe.paymentLinks.listLineItems(link.id)).data[0].amount_total, 1000);
  const payer = await customer();
  const quote = await stripe.quotes.create({ customer: payer.id, line_items: [{ price: id, quantity: 1 }] });
  await stripe.quotes.finalizeQuote(quote.id);
  const accepted = await stripe.quotes.accept(quote.id);
  assert.equal((await stripe.invoices.retrieve(accepted.invoice)).total, 500);
  const session = await stripe.billingPortal.sessions.create({ customer: payer.id });
  assert.match(session.url, /\/billing\.stripe\.com\/p\/session\//);
  const topup = await stripe.topups.create({ amount: 900, currency: 'usd' });
  assert.equal((await stripe.topups.cancel(topup.id)).status, 'canceled');
});

test('parameters are checked at any depth', async () => {
  await rejects(stripe.customers.create({ shipping: { name: 'A', address: { line1: 'x', planet: 'Mars' } } }),
    'StripeInvalidRequestError', 'shipping[address][planet]');
  await rejects(stripe.taxRates.create({ display_name: 'x', inclusive: 'perhaps', percentage: 1 }),
    'StripeInvalidRequestError', 'inclusive');
  await rejects(stripe.shippingRates.create({}), 'StripeInvalidRequestError', 'display_name');
});

test('plain resources', async () => {
  const meter = await stripe.billing.meters.create({
    display_name: 'Calls', event_name: 'calls', default_aggregation: { formula: 'sum' },
  });
  assert.equal((await stripe.billing.meters.deactivate(meter.id)).status, 'inactive');
  const event = await stripe.billing.meterEvents.create({
    event_name: 'calls', payload: { stripe_customer_id: 'cus_1', value: '25' },
  });
  assert.equal(event.payload.value, '25');
  const feature = await stripe.entitlements.features.create({ name: 'Pro', lookup_key: 'pro' });
  assert.equal((await stripe.entitlements.features.update(feature.id, { name: 'Max' })).name, 'Max');
  const list = await stripe.radar.valueLists.create({ alias: 'bad', name: 'Bad' });
  await stripe.radar.valueListItems.create({ value_list: list.id, value: 'x' });
  assert.equal((await stripe.radar.valueListItems.list({ value_list: list.id })).data[0].value, 'x');
  assert.equal((await stripe.tax.settings.retrieve()).status, 'active');
});
