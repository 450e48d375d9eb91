// The official SDK pays: payment intents, setup intents, payment methods, Checkout, in its own API version.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import Stripe from 'stripe';

const url = new URL(process.env.SANDBOX_URL);
const stripe = new Stripe('sk_test_outsider_intents', { host: url.hostname, port: url.port, protocol: 'http', telemetry: false, maxNetworkRetries: 0 });
const CARD = { allowed_payment_method_types: ['card'] };
const pay = (method, more = {}) => stripe.paymentIntents.create({ amount: 2000, currency: 'usd', payment_method: method, confirm: true, ...CARD, ...more });

/** Answers the page that an intent leads to. */
async function act(object, outcome) {
  const next = object.next_action;
  const address = next.redirect_to_url?.url ?? next.use_stripe_sdk.stripe_js;
  const body = new URLSearchParams({ client_secret: object.client_secret, outcome });
  return fetch(address, { method: 'POST', body, redirect: 'manual' });
}

test('a payment succeeds, with its charge and its balance transaction', async () => {
  const intent = await pay('pm_card_visa', { metadata: { order: '7' }, expand: ['latest_charge.balance_transaction'] });
  assert.equal(intent.status, 'succeeded');
  assert.equal(intent.amount_received, 2000);
  assert.equal(intent.latest_charge.payment_method_details.card.last4, '4242');
  assert.equal(intent.latest_charge.balance_transaction.net, 1912);
  assert.deepEqual((await stripe.paymentIntents.retrieve(intent.id)).metadata, { order: '7' });
  const refund = await stripe.refunds.create({ payment_intent: intent.id, amount: 500 });
  assert.equal(refund.status, 'succeeded');
  assert.equal((await stripe.charges.retrieve(intent.latest_charge.id)).amount_refunded, 500);
});

test('a decline is a card error that carries the intent', async () => {
  const error = await pay('pm_card_visa_chargeDeclinedInsufficientFunds').then(() => null, (refusal) => refusal);
  assert.ok(error instanceof Stripe.errors.StripeCardError);
  assert.equal(error.code, 'card_declined');
  assert.equal(error.decline_code, 'insufficient_funds');
  assert.equal(error.payment_intent.status, 'requires_payment_method');
  assert.equal(error.payment_intent.last_payment_error.decline_code, 'insufficient_funds');
  const paid = await stripe.paymentIntents.confirm(error.payment_intent.id, { payment_method: 'pm_card_mastercard' });
  assert.equal(paid.status, 'succeeded');
});

test('an authorization is captured in part, or canceled', async () => {
  const held = await pay('pm_card_visa', { capture_method: 'manual' });
  assert.deepEqual([held.status, held.amount_capturable], ['requires_capture', 2000]);
  const part = await stripe.paymentIntents.capture(held.id, { amount_to_capture: 700 });
  assert.deepEqual([part.status, part.amount_received], ['succeeded', 700]);
  const other = await pay('pm_card_visa', { capture_method: 'manual' });
  const canceled = await stripe.paymentIntents.cancel(other.id, { cancellation_reason: 'requested_by_customer' });
  assert.deepEqual([canceled.status, canceled.amount_capturable], ['canceled', 0]);
  const late = await stripe.paymentIntents.capture(other.id).then(() => null, (refusal) => refusal);
  assert.equal(late.code, 'payment_intent_unexpected_state');
});

test('3-D Secure succeeds and fails; off session it is declined', async () => {
  for (const [outcome, status] of [['complete', 'succeeded'], ['fail', 'requires_payment_method']]) {
    const intent = await pay('pm_card_authenticationRequired', { return_url: 'https://shop.example/back' });
    assert.equal(intent.status, 'requires_action');
    const back = await act(intent, outcome);
    assert.equal(new URL(back.headers.get('location')).searchParams.get('redirect_status'), outcome === 'complete' ? 'succeeded' : 'failed');
    assert.equal((await stripe.paymentIntents.retrieve(intent.id)).status, status);
  }
  const error = await pay('pm_card_authenticationRequired', { off_session: true }).then(() => null, (refusal) => refusal);
  assert.equal(error.code, 'authentication_required');
});

test('a card is set up for a customer and pays off session', async () => {
  const customer = await stripe.customers.create({ email: 'ann@example.com' });
  const setup = await stripe.setupIntents.create({ customer: customer.id, payment_method: 'pm_card_visa', confirm: true, ...CARD });
  assert.equal(setup.status, 'succeeded');
  const methods = await stripe.customers.listPaymentMethods(customer.id, { type: 'card' });
  assert.deepEqual(methods.data.map(({ id }) => id), [setup.payment_method]);
  const paid = await pay(setup.payment_method, { customer: customer.id, off_session: true });
  assert.equal(paid.customer, customer.id);
  const attempts = await stripe.setupAttempts.list({ setup_intent: setup.id });
  assert.deepEqual(attempts.data.map(({ status }) => status), ['succeeded']);
  await stripe.paymentMethods.detach(setup.payment_method);
  assert.equal((await stripe.customers.listPaymentMethods(customer.id)).data.length, 0);
});

test('a bank account is verified by micro-deposits, and its debit ends later', async () => {
  const method = await stripe.paymentMethods.create({
    type: 'us_bank_account', billing_details: { name: 'Ann' },
    us_bank_account: { routing_number: '110000000', account_number: '000123456789', account_holder_type: 'individual' },
  });
  const intent = await stripe.paymentIntents.create({
    amount: 2000, currency: 'usd', payment_method: method.id, confirm: true, allowed_payment_method_types: ['us_bank_account'],
    mandate_data: { customer_acceptance: { type: 'online', online: { ip_address: '127.0.0.1', user_agent: 'test' } } },
  });
  assert.equal(intent.next_action.type, 'verify_with_microdeposits');
  const going = await stripe.paymentIntents.verifyMicrodeposits(intent.id, { amounts: [32, 45] });
  assert.equal(going.status, 'processing');
  await fetch(`${url.origin}/_sandbox/clock`, { method: 'POST', body: '{"hours": 1}' });
  assert.equal((await stripe.paymentIntents.retrieve(intent.id)).status, 'succeeded');
});

test('a confirmation token pays once', async () => {
  const token = await stripe.testHelpers.confirmationTokens.create({ payment_method: 'pm_card_visa' });
  assert.equal(token.payment_method_preview.type, 'card');
  const given = { amount: 900, currency: 'usd', confirm: true, confirmation_token: token.id, ...CARD };
  assert.equal((await stripe.paymentIntents.create(given)).status, 'succeeded');
  await assert.rejects(stripe.paymentIntents.create(given), Stripe.errors.StripeInvalidRequestError);
});

test('a Checkout Session is paid on its page', async () => {
  const session = await stripe.checkout.sessions.create({
    mode: 'payment', success_url: 'https://shop.example/thanks?s={CHECKOUT_SESSION_ID}', client_reference_id: '7',
    line_items: [{ quantity: 2, price_data: { currency: 'usd', unit_amount: 1500, product_data: { name: 'Mug' } } }],
  });
  assert.deepEqual([session.status, session.amount_total, session.ui_mode], ['open', 3000, 'hosted_page']);
  const body = new URLSearchParams({ email: 'ann@example.com', cardnumber: '4242424242424242', exp: '12/40', cvc: '123' });
  const back = await fetch(session.url, { method: 'POST', body, redirect: 'manual' });
  assert.equal(back.headers.get('location'), `https://shop.example/thanks?s=${session.id}`);
  const paid = await stripe.checkout.sessions.retrieve(session.id, { expand: ['line_items', 'payment_intent'] });
  assert.deepEqual([paid.status, paid.payment_status, paid.payment_intent.status], ['complete', 'paid', 'succeeded']);
  assert.equal(paid.line_items.data[0].description, 'Mug');
  const other = await stripe.checkout.sessions.create({ mode: 'setup', currency: 'usd', success_url: 'https://shop.example/' });
  assert.equal((await stripe.checkout.sessions.expire(other.id)).status, 'expired');
});

test('the events of a payment tell of each step', async () => {
  const intent = await pay('pm_card_visa');
  const events = await stripe.events.list({ limit: 10 });
  const own = events.data.filter(({ data }) => [data.object.id, data.object.payment_intent].includes(intent.id));
  assert.deepEqual(own.map(({ type }) => type).reverse(), ['payment_intent.created', 'charge.succeeded', 'payment_intent.succeeded']);
});
