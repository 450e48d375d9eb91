// The objects that the methods of the SDK are called with: each made by the API itself, and made
// anew for a method that changes or ends it.

const CARD = { number: '4242424242424242', exp_month: 12, exp_year: 2040, cvc: '123' };
const ADDRESS = { line1: '1 Main Street', city: 'San Francisco', state: 'CA', postal_code: '94111', country: 'US' };
const RECEIVED = { amount: 5000, currency: 'usd', network: 'ach' };

/** How an object is made: its path, and its parameters, which may name other objects. */
const RECIPES = {
  account: ['/v1/accounts', () => ({ type: 'custom', country: 'US', capabilities: { transfers: { requested: true }, card_payments: { requested: true } } })],
  'apps.install': ['/v1/apps/installs', () => ({ app: 'com.example.app' })],
  'billing.alert': ['/v1/billing/alerts', async (m) => ({ alert_type: 'usage_threshold', title: 'a', usage_threshold: { gte: 5, meter: await m.get('billing.meter'), recurrence: 'one_time' } })],
  'billing.credit_grant': ['/v1/billing/credit_grants', async (m) => ({ customer: await m.get('customer'), category: 'paid', amount: { type: 'monetary', monetary: { currency: 'usd', value: 500 } }, applicability_config: { scope: { price_type: 'metered' } } })],
  'billing.feedback_option': ['/v1/billing/feedback_options', () => ({ description: 'too dear' })],
  'billing.meter': ['/v1/billing/meters', (m) => ({ display_name: 'Calls', event_name: m.name('calls'), default_aggregation: { formula: 'sum' } })],
  'billing_portal.configuration': ['/v1/billing_portal/configurations', () => ({ features: { invoice_history: { enabled: true } } })],
  charge: ['/v1/charges', () => ({ amount: 5000, currency: 'usd', source: 'tok_bypassPending' })],
  'checkout.session': ['/v1/checkout/sessions', () => ({ mode: 'payment', success_url: 'http://127.0.0.1/ok', line_items: [{ quantity: 1, price_data: { currency: 'usd', unit_amount: 500, product_data: { name: 'Tea' } } }] })],
  'climate.order': ['/v1/climate/orders', () => ({ product: 'climsku_sandbox_2030', metric_tons: '1' })],
  confirmation_token: ['/v1/test_helpers/confirmation_tokens', () => ({ payment_method: 'pm_card_visa' })],
  coupon: ['/v1/coupons', () => ({ percent_off: 10, duration: 'once' })],
  customer: ['/v1/customers', () => ({ source: 'tok_visa', address: ADDRESS, email: 'a@b.co' })],
  'entitlements.feature': ['/v1/entitlements/features', (m) => ({ name: 'Milk', lookup_key: m.name('milk') })],
  ephemeral_key: ['/v1/ephemeral_keys', async (m) => ({ customer: await m.get('customer') })],
  'financial_connections.session': ['/v1/financial_connections/sessions', async (m) => ({ account_holder: { type: 'customer', customer: await m.get('customer') }, permissions: ['balances', 'ownership', 'transactions'] })],
  'forwarding.request': ['/v1/forwarding/requests', async (m) => ({ payment_method: await m.get('payment_method'), url: 'https://example.com', replacements: ['card_number'], request: { body: '{}' } })],
  'identity.verification_session': ['/v1/identity/verification_sessions', () => ({ type: 'document' })],
  invoice: ['/v1/invoices', async (m) => ({ customer: await m.get('customer') })],
  invoiceitem: ['/v1/invoiceitems', async (m) => ({ customer: await m.get('customer'), amount: 500, currency: 'usd' })],
  'issuing.authorization': ['/v1/test_helpers/issuing/authorizations', async (m) => ({ card: await m.get('issuing.card'), amount: 500 })],
  'issuing.card': ['/v1/issuing/cards', async (m) => ({ cardholder: await m.get('issuing.cardholder'), currency: 'usd', type: 'physical', status: 'active', shipping: { name: 'Jo', address: ADDRESS } })],
  'issuing.cardholder': ['/v1/issuing/cardholders', () => ({ name: 'Jo', type: 'individual', billing: { address: ADDRESS } })],
  'issuing.dispute': ['/v1/issuing/disputes', async (m) => ({ transaction: await m.fresh('issuing.transaction'), evidence: { reason: 'other', other: { explanation: 'x' } } })],
  'issuing.personalization_design': ['/v1/issuing/personalization_designs', () => ({ physical_bundle: 'ics_sandbox_standard' })],
  'issuing.transaction': ['/v1/test_helpers/issuing/transactions/create_force_capture', async (m) => ({ card: await m.get('issuing.card'), amount: 500, currency: 'usd' })],
  payment_intent: ['/v1/payment_intents', async (m) => ({ amount: 2000, currency: 'usd', customer: await m.get('customer'), allowed_payment_method_types: ['card', 'card_present'] })],
  payment_link: ['/v1/payment_links', async (m) => ({ line_items: [{ price: await m.get('price'), quantity: 1 }] })],
  payment_method: ['/v1/payment_methods', () => ({ type: 'card', card: CARD })],
  payment_record: ['/v1/payment_records/report_payment', (m) => ({ amount_requested: { value: 1000, currency: 'usd' }, initiated_at: m.now, payment_method_details: { type: 'custom', custom: { display_name: 'Cash' } } })],
  plan: ['/v1/plans', () => ({ currency: 'usd', amount: 100, interval: 'month', product: { name: 'Tea' } })],
  price: ['/v1/prices', async (m) => ({ currency: 'usd', unit_amount: 1000, recurring: { interval: 'month' }, product: await m.get('product') })],
  product: ['/v1/products', () => ({ name: 'Tea' })],
  'product_catalog.trial_offer': ['/v1/product_catalog/trial_offers', async (m) => ({ price: await m.get('price'), duration: { type: 'relative', relative: { iterations: 1 } }, end_behavior: { transition: { price: await m.get('price') } } })],
  promotion_code: ['/v1/promotion_codes', async (m) => ({ promotion: { type: 'coupon', coupon: await m.get('coupon') } })],
  quote: ['/v1/quotes', async (m) => ({ customer: await m.get('customer'), line_items: [{ price: await m.get('price'), quantity: 1 }] })],
  'radar.value_list': ['/v1/radar/value_lists', (m) => ({ alias: m.name('list'), name: 'List' })],
  'radar.value_list_item': ['/v1/radar/value_list_items', async (m) => ({ value_list: await m.get('radar.value_list'), value: 'x' })],
  refund: ['/v1/refunds', async (m) => ({ charge: await m.fresh('charge') })],
  'reporting.report_run': ['/v1/reporting/report_runs', () => ({ report_type: 'balance.summary.1' })],
  setup_intent: ['/v1/setup_intents', async (m) => ({ customer: await m.get('customer'), payment_method: 'pm_card_visa', allowed_payment_method_types: ['card'] })],
  shipping_rate: ['/v1/shipping_rates', () => ({ display_name: 'Post' })],
  source: ['/v1/sources', () => ({ type: 'card', token: 'tok_visa' })],
  subscription: ['/v1/subscriptions', async (m) => ({ customer: await m.get('customer'), items: [{ price: await m.get('price') }] })],
  subscription_schedule: ['/v1/subscription_schedules', async (m) => ({ customer: await m.get('customer'), start_date: 'now', phases: [{ items: [{ price: await m.get('price') }], duration: { interval: 'month' } }] })],
  'tax.calculation': ['/v1/tax/calculations', () => ({ currency: 'usd', customer_details: { address: ADDRESS, address_source: 'billing' }, line_items: [{ amount: 1000, reference: 'tea' }] })],
  'tax.location': ['/v1/tax/locations', () => ({ type: 'performance', address: ADDRESS })],
  'tax.registration': ['/v1/tax/registrations', () => ({ active_from: 'now', country: 'US', country_options: { us: { type: 'state_sales_tax', state: 'CA' } } })],
  'tax.transaction': ['/v1/tax/transactions/create_from_calculation', async (m) => ({ calculation: await m.get('tax.calculation'), reference: m.name('order') })],
  tax_rate: ['/v1/tax_rates', () => ({ display_name: 'VAT', percentage: 20, inclusive: false })],
  tax_id: ['/v1/tax_ids', () => ({ type: 'eu_vat', value: 'DE123456789' })],
  'terminal.configuration': ['/v1/terminal/configurations', () => ({})],
  'terminal.location': ['/v1/terminal/locations', () => ({ display_name: 'Shop', address: ADDRESS })],
  'terminal.reader': ['/v1/terminal/readers', () => ({ registration_code: 'simulated-wpe' })],
  'test_helpers.test_clock': ['/v1/test_helpers/test_clocks', (m) => ({ frozen_time: m.now })],
  'three_d_secure.authentication': ['/v1/three_d_secure/authentications', async (m) => ({ payment_method: await m.get('payment_method'), message_category: 'non_payment_authentication', channel: { type: 'browser', browser: { accept_header: 'a', ip_address: '1.1.1.1', javascript_enabled: true, language: 'en', user_agent: 'u' } } })],
  token: ['/v1/tokens', () => ({ card: CARD })],
  topup: ['/v1/topups', () => ({ amount: 500, currency: 'usd' })],
  transfer: ['/v1/transfers', async (m) => ({ amount: 100, currency: 'usd', destination: await m.get('account') })],
  payout: ['/v1/payouts', () => ({ amount: 100, currency: 'usd' })],
  'treasury.financial_account': ['/v1/treasury/financial_accounts', () => ({ supported_currencies: ['usd'] })],
  'treasury.inbound_transfer': ['/v1/treasury/inbound_transfers', async (m) => ({ financial_account: await m.get('treasury.financial_account'), amount: 100, currency: 'usd', origin_payment_method: 'pm_1' })],
  'treasury.outbound_payment': ['/v1/treasury/outbound_payments', (m) => m.outbound()],
  'treasury.outbound_transfer': ['/v1/treasury/outbound_transfers', (m) => m.outbound()],
  'treasury.received_credit': ['/v1/test_helpers/treasury/received_credits', async (m) => ({ ...RECEIVED, financial_account: await m.get('treasury.financial_account') })],
  'treasury.received_debit': ['/v1/test_helpers/treasury/received_debits', async (m) => ({ ...RECEIVED, amount: 10, financial_account: await m.get('treasury.financial_account') })],
  'treasury.credit_reversal': ['/v1/treasury/credit_reversals', async (m) => ({ received_credit: await m.fresh('treasury.received_credit') })],
  'treasury.debit_reversal': ['/v1/treasury/debit_reversals', async (m) => ({ received_debit: await m.fresh('treasury.received_debit') })],
  webhook_endpoint: ['/v1/webhook_endpoints', () => ({ url: 'https://example.com/hook', enabled_events: ['charge.failed'] })],
};

/** Objects that others bring with them: the path at which they are found below another one. */
const FOUND = {
  application_fee: ['/v1/application_fees', () => ''],
  balance_transaction: ['/v1/balance_transactions', () => ''],
  'billing.credit_balance_transaction': ['/v1/billing/credit_balance_transactions', async (m) => `?customer=${await m.get('customer')}`],
  customer_cash_balance_transaction: ['/v1/customers/*/cash_balance_transactions', () => '', 'customer'],
  dispute: ['/v1/disputes', () => ''],
  'entitlements.active_entitlement': ['/v1/entitlements/active_entitlements', async (m) => `?customer=${await m.get('customer')}`],
  event: ['/v1/events', () => ''],
  'financial_connections.account': ['/v1/financial_connections/accounts', () => ''],
  'financial_connections.transaction': ['/v1/financial_connections/transactions', async (m) => `?account=${await m.get('financial_connections.account')}`],
  invoice_payment: ['/v1/invoice_payments', () => ''],
  invoice_rendering_template: ['/v1/invoice_rendering_templates', () => ''],
  payment_attempt_record: ['/v1/payment_attempt_records', async (m) => `?payment_record=${await m.get('payment_record')}`],
  payment_method_configuration: ['/v1/payment_method_configurations', () => ''],
  'radar.early_fraud_warning': ['/v1/radar/early_fraud_warnings', () => ''],
  review: ['/v1/reviews', () => ''],
  'treasury.transaction': ['/v1/treasury/transactions', async (m) => `?financial_account=${await m.get('treasury.financial_account')}`],
  'treasury.transaction_entry': ['/v1/treasury/transaction_entries', async (m) => `?financial_account=${await m.get('treasury.financial_account')}`],
};

/** Fixed lists, and what is named by a word. */
const NAMED = {
  'climate.product': 'climsku_sandbox_2030', 'climate.supplier': 'climsup_sandbox_air', country_spec: 'US', exchange_rate: 'eur',
  'issuing.physical_bundle': 'ics_sandbox_standard', 'reporting.report_type': 'balance.summary.1', tax_code: 'txcd_99999999', capability: 'transfers',
};

/** Texts by the name of the parameter, where they are no ids of objects. */
const TEXTS = {
  currency: 'usd', country: 'US', email: 'a@b.co', url: 'https://example.com', success_url: 'https://example.com', return_url: 'https://example.com',
  refresh_url: 'https://example.com', domain_name: 'example.com', reason: 'fraud', type: 'eu_vat', value: 'DE123456789', query: "metadata['a']:'b'",
  product: 'climsku_sandbox_2030', number: '4242424242424242', ownership: 'fcaowns_none', app: 'com.example.app', tax_code: 'txcd_99999999',
};
/** Parameters that name an object of another name. */
const OBJECTS = {
  card: 'issuing.card', cardholder: 'issuing.cardholder', destination: 'account', entitlement_feature: 'entitlements.feature', meter: 'billing.meter',
  financial_account: 'treasury.financial_account', location: 'terminal.location', received_credit: 'treasury.received_credit',
  received_debit: 'treasury.received_debit', value_list: 'radar.value_list', original_transaction: 'tax.transaction', calculation: 'tax.calculation',
};

class Made {
  now = Math.floor(Date.now() / 1000);
  #ids = new Map();
  #count = 0;

  constructor(stripe, described) {
    this.stripe = stripe;
    this.described = described;
  }

  soon() {
    return this.now + 86_400;
  }

  name(word) {
    this.#count += 1;
    return `${word}_${this.#count}`;
  }

  post(path, params) {
    return this.stripe.rawRequest('POST', path, params);
  }

  /** The text of a required parameter. */
  text(name) {
    return this.#ids.get(OBJECTS[name] ?? name) ?? TEXTS[name] ?? this.name(name);
  }

  /** An object that is kept for all. */
  async get(object) {
    if (!this.#ids.has(object)) this.#ids.set(object, await this.fresh(object));
    return this.#ids.get(object);
  }

  /** An object of its own. */
  async fresh(object) {
    if (NAMED[object]) return NAMED[object];
    if (RECIPES[object]) {
      const [path, params] = RECIPES[object];
      return (await this.post(path, await params(this))).id;
    }
    if (!FOUND[object]) return `none_${object}`;
    const [path, query, parent] = FOUND[object];
    const at = parent ? path.replace('*', await this.get(parent)) : path;
    return (await this.stripe.rawRequest('GET', `${at}${await query(this)}`)).data[0]?.id ?? `none_${object}`;
  }

  /** The parameters that an object of this path is made with. */
  async creation(key) {
    const found = Object.values(RECIPES).find(([path]) => key === `POST ${path}`);
    return found?.[1](this);
  }

  async outbound() {
    return { financial_account: await this.get('treasury.financial_account'), amount: 100, currency: 'usd', destination_payment_method: 'pm_1' };
  }

  /** The ids of a path, from left to right; what a method changes is made for it. */
  async ids(template, verb) {
    const parts = template.split('/');
    const stars = parts.flatMap((part, at) => (part === '*' ? [at] : []));
    const ids = [];
    for (const at of stars) {
      const path = parts.slice(0, at + 1).join('/');
      const places = [path, path.replace('/test_helpers/', '/')];
      const answers = places.flatMap((place) => ['GET', 'POST', 'DELETE'].map((one) => this.described.answer(one, place)));
      const answer = answers.find(Boolean) ?? path;
      const object = path === '/v1/accounts/*' ? 'account' : answer.replace('deleted_', '');
      const changes = verb !== 'GET' && at === stars[0] && RECIPES[object];
      ids.push(ids.length > 0 ? await this.below(path, ids[0], object) : await (changes ? this.fresh(object) : this.get(object)));
    }
    return ids;
  }

  /** The first object of the list that is below another one. */
  async below(path, above, object) {
    if (NAMED[object]) return NAMED[object];
    const list = path.replace('*', above).replace(/\/\*$/, '');
    const found = await this.stripe.rawRequest('GET', list).catch(() => ({ data: [] }));
    return found.data?.[0]?.id ?? `none_${object}`;
  }
}

/** Makes the money and the objects that all methods share. */
export async function fixtures(stripe, described) {
  const made = new Made(stripe, described);
  await made.post('/v1/charges', { amount: 900_000, currency: 'usd', source: 'tok_bypassPending' });
  await made.post('/v1/charges', { amount: 5000, currency: 'usd', source: 'tok_createDispute' });
  await made.post('/v1/charges', { amount: 5000, currency: 'usd', source: 'tok_riskLevelElevated' });
  await made.post('/v1/charges', { amount: 5000, currency: 'usd', source: 'tok_createIssuerFraudRecord' });
  const account = await made.get('account');
  await made.post('/v1/charges', { amount: 5000, currency: 'usd', source: 'tok_bypassPending', application_fee_amount: 100, transfer_data: { destination: account } });
  const customer = await made.get('customer');
  await made.post(`/v1/test_helpers/customers/${customer}/fund_cash_balance`, { amount: 1000, currency: 'usd' });
  await made.post(`/v1/products/${await made.get('product')}/features`, { entitlement_feature: await made.get('entitlements.feature') });
  await made.get('treasury.received_credit');
  const names = [...Object.keys(RECIPES), ...Object.keys(FOUND)];
  for (const object of names) await made.get(object);
  const linked = await made.get('financial_connections.account');
  await made.post(`/v1/financial_connections/accounts/${linked}/refresh`, { features: ['transactions'] });
  return made;
}

const intent = async (made, more) => (await made.post('/v1/payment_intents', { amount: 2000, currency: 'usd', allowed_payment_method_types: ['card'], ...more })).id;
const held = (made) => intent(made, { capture_method: 'manual', confirm: true, payment_method: 'pm_card_visa' });
const present = (made) => intent(made, { allowed_payment_method_types: ['card_present'] });
const invoice = async (made, ...actions) => {
  const customer = await made.get('customer');
  const { id } = await made.post('/v1/invoices', { customer });
  const { id: item } = await made.post('/v1/invoiceitems', { customer, invoice: id, amount: 500, currency: 'usd' });
  for (const action of actions) await made.post(`/v1/invoices/${id}/${action}`, {});
  const line = (await made.stripe.invoices.retrieve(id)).lines.data[0].id;
  return { id, item, line };
};
const reader = async (made, action, params) => {
  const id = await made.fresh('terminal.reader');
  await made.post(`/v1/terminal/readers/${id}/${action}`, params);
  return id;
};
const asking = (made) => reader(made, 'collect_inputs', { inputs: [{ type: 'text', custom_text: { title: 'Name' } }] });
const credited = async (made, note) => {
  const { id } = await invoice(made, 'finalize', 'pay');
  return note ? (await made.post('/v1/credit_notes', { invoice: id, amount: 100 })).id : id;
};
const below = async (made, object, path, params) => {
  const above = await made.fresh(object);
  return [above, (await made.post(path.replace('*', above), params)).id];
};
const moved = async (made, object, family, action) => {
  const id = await made.fresh(object);
  if (action) await made.post(`/v1/test_helpers/treasury/${family}/${id}/${action}`, {});
  return [id];
};
const paused = async (made) => {
  const id = await made.fresh('subscription');
  await made.post(`/v1/subscriptions/${id}/pause`, { type: 'subscription' }).catch(() => {});
  return [id];
};
const discounted = async (made) => (await made.post('/v1/coupons', { percent_off: 5, duration: 'forever' })).id;
const linked = async (made) => {
  const session = await made.post('/v1/financial_connections/sessions', { account_holder: { type: 'customer', customer: await made.get('customer') }, permissions: ['transactions', 'ownership'] });
  return session.accounts.data[0].id;
};
const bank = (made) => below(made, 'account', '/v1/accounts/*/external_accounts', { external_account: 'btok_us_verified' });
const person = (made) => below(made, 'account', '/v1/accounts/*/persons', { first_name: 'Jo' });
/** An authorization that waits for an endpoint to decide. */
const undecided = async (made) => {
  const endpoint = await made.post('/v1/webhook_endpoints', { url: 'http://127.0.0.1:9/hook', enabled_events: ['issuing_authorization.request'] });
  const id = await made.fresh('issuing.authorization');
  await made.stripe.webhookEndpoints.del(endpoint.id);
  return { ids: [id], params: {} };
};
const transferred = async (made) => {
  const customer = (await made.post('/v1/customers', { cash_balance: { settings: { reconciliation_mode: 'manual' } } })).id;
  const how = { funding_type: 'bank_transfer', bank_transfer: { type: 'us_bank_transfer' } };
  const id = await intent(made, { customer, confirm: true, allowed_payment_method_types: ['customer_balance'], payment_method_data: { type: 'customer_balance' }, payment_method_options: { customer_balance: how } });
  await made.post(`/v1/test_helpers/customers/${customer}/fund_cash_balance`, { amount: 2000, currency: 'usd' });
  return { ids: [id], params: {} };
};
const tracking = { tracking_details: { type: 'ach', ach: { trace_id: '1' } } };
const filter = { type: 'applicability_scope', applicability_scope: { price_type: 'metered' } };
const file = { purpose: 'dispute_evidence', file: { data: Buffer.from('x'), name: 'a.png', type: 'image/png' } };
const uploaded = async (made) => (await made.stripe.files.create(file)).id;
const subscribed = async (made) => (await made.stripe.subscriptions.retrieve(await made.fresh('subscription'))).items.data[0].id;
const entry = '/v1/customers/*/balance_transactions';
const domain = async (made) => (await made.post('/v1/payment_method_domains', { domain_name: `${made.name('a')}.example.com` })).id;
const secret = { name: 'token', scope: { type: 'account' } };

/** What a method needs beyond what the description requires: an object in a state, or parameters. */
export const overrides = {
  'DELETE /v1/accounts/*/external_accounts/*': async (m) => ({ ids: await bank(m), params: {} }),
  'DELETE /v1/accounts/*/persons/*': async (m) => ({ ids: await person(m), params: {} }),
  'GET /v1/accounts/*/external_accounts/*': async (m) => ({ ids: await bank(m), params: {} }),
  'GET /v1/accounts/*/persons/*': async (m) => ({ ids: await person(m), params: {} }),
  'POST /v1/accounts/*/external_accounts/*': async (m) => ({ ids: await bank(m), params: {} }),
  'POST /v1/accounts/*/persons/*': async (m) => ({ ids: await person(m), params: {} }),
  'POST /v1/issuing/authorizations/*/approve': undecided,
  'POST /v1/issuing/authorizations/*/decline': undecided,
  'POST /v1/payment_intents/*/apply_customer_balance': transferred,
  'DELETE /v1/apple_pay/domains/*': async (m) => ({ ids: [(await m.post('/v1/apple_pay/domains', { domain_name: 'a.example.com' })).id], params: {} }),
  'DELETE /v1/customers/*/discount': async (m) => ({ ids: [(await m.post('/v1/customers', { coupon: await discounted(m) })).id], params: {} }),
  'DELETE /v1/customers/*/tax_ids/*': async (m) => ({ ids: await below(m, 'customer', '/v1/customers/*/tax_ids', { type: 'eu_vat', value: 'DE123456789' }), params: {} }),
  'DELETE /v1/products/*/features/*': async (m) => ({ ids: await below(m, 'product', '/v1/products/*/features', { entitlement_feature: await m.fresh('entitlements.feature') }), params: {} }),
  'DELETE /v1/subscription_items/*': async (m) => {
    const subscription = await m.fresh('subscription');
    const item = await m.post('/v1/subscription_items', { subscription, price: await m.fresh('price') });
    return { ids: [item.id], params: {} };
  },
  'DELETE /v1/subscriptions/*/discount': async (m) => ({ ids: [(await m.post('/v1/subscriptions', { customer: await m.get('customer'), items: [{ price: await m.get('price') }], discounts: [{ coupon: await discounted(m) }] })).id], params: {} }),
  'GET /v1/apple_pay/domains/*': async (m) => ({ ids: [(await m.post('/v1/apple_pay/domains', { domain_name: 'b.example.com' })).id], params: {} }),
  'GET /v1/application_fees/*/refunds/*': async (m) => {
    const fee = await m.get('application_fee');
    return { ids: [fee, (await m.post(`/v1/application_fees/${fee}/refunds`, { amount: 1 })).id], params: {} };
  },
  'GET /v1/apps/secrets/find': async (m) => { await m.post('/v1/apps/secrets', { ...secret, payload: 'x' }); return { ids: [], params: secret }; },
  'GET /v1/billing/credit_balance_summary': async (m) => ({ ids: [], params: { customer: await m.get('customer'), filter } }),
  'GET /v1/billing/credit_balance_transactions': async (m) => ({ ids: [], params: { customer: await m.get('customer') } }),
  'GET /v1/billing/meters/*/event_summaries': async (m) => ({ ids: [await m.get('billing.meter')], params: { customer: await m.get('customer'), start_time: 0, end_time: 86_400 } }),
  'GET /v1/credit_notes/*': async (m) => ({ ids: [await credited(m, true)], params: {} }),
  'GET /v1/credit_notes/*/lines': async (m) => ({ ids: [await credited(m, true)], params: {} }),
  'GET /v1/credit_notes/preview': async (m) => ({ ids: [], params: { invoice: await credited(m), amount: 100 } }),
  'GET /v1/credit_notes/preview/lines': async (m) => ({ ids: [], params: { invoice: await credited(m), amount: 100 } }),
  'GET /v1/customers/*/balance_transactions/*': async (m) => ({ ids: await below(m, 'customer', entry, { amount: 5, currency: 'usd' }), params: {} }),
  'GET /v1/customers/*/payment_methods/*': async (m) => {
    const [customer, method] = [await m.fresh('customer'), await m.fresh('payment_method')];
    await m.post(`/v1/payment_methods/${method}/attach`, { customer });
    return { ids: [customer, method], params: {} };
  },
  'GET /v1/customers/*/tax_ids/*': async (m) => ({ ids: await below(m, 'customer', '/v1/customers/*/tax_ids', { type: 'eu_vat', value: 'DE123456789' }), params: {} }),
  'GET /v1/files/*': async (m) => ({ ids: [await uploaded(m)], params: {} }),
  'GET /v1/file_links/*': async (m) => ({ ids: [(await m.post('/v1/file_links', { file: await uploaded(m) })).id], params: {} }),
  'GET /v1/financial_connections/accounts/*/owners': async (m) => {
    const id = await linked(m);
    const account = await m.post(`/v1/financial_connections/accounts/${id}/refresh`, { features: ['ownership'] });
    return { ids: [id], params: { ownership: account.ownership } };
  },
  'GET /v1/financial_connections/transactions/*': async (m) => {
    const account = await linked(m);
    await m.post(`/v1/financial_connections/accounts/${account}/refresh`, { features: ['transactions'] });
    const list = await m.stripe.financialConnections.transactions.list({ account });
    return { ids: [list.data[0].id], params: {} };
  },
  'GET /v1/payment_method_domains/*': async (m) => ({ ids: [await domain(m)], params: {} }),
  'GET /v1/subscription_items/*': async (m) => ({ ids: [await subscribed(m)], params: {} }),
  'GET /v1/transfers/*/reversals/*': async (m) => ({ ids: await below(m, 'transfer', '/v1/transfers/*/reversals', { amount: 1 }), params: {} }),
  'POST /v1/account_links': async (m) => ({ ids: [], params: { account: await m.get('account'), type: 'account_onboarding', refresh_url: 'https://example.com', return_url: 'https://example.com' } }),
  'POST /v1/account_sessions': async (m) => ({ ids: [], params: { account: await m.get('account'), components: { payments: { enabled: true } } } }),
  'POST /v1/accounts/*/external_accounts': async (m) => ({ ids: [await m.fresh('account')], params: { external_account: 'btok_us_verified' } }),
  'POST /v1/accounts/*/login_links': async (m) => ({ ids: [(await m.post('/v1/accounts', { type: 'express' })).id], params: {} }),
  'POST /v1/accounts/*/reject': async (m) => ({ ids: [await m.fresh('account')], params: { reason: 'fraud' } }),
  'POST /v1/accounts/*/unreject': async (m) => {
    const account = await m.fresh('account');
    await m.post(`/v1/accounts/${account}/reject`, { reason: 'other' });
    return { ids: [account], params: {} };
  },
  'POST /v1/application_fees/*/refunds/*': async (m) => {
    const fee = await m.get('application_fee');
    return { ids: [fee, (await m.post(`/v1/application_fees/${fee}/refunds`, { amount: 1 })).id], params: {} };
  },
  'POST /v1/apps/secrets': async () => ({ ids: [], params: { ...secret, payload: 'x' } }),
  'POST /v1/apps/secrets/delete': async (m) => { await m.post('/v1/apps/secrets', { ...secret, payload: 'x' }); return { ids: [], params: secret }; },
  'POST /v1/billing_portal/sessions': async (m) => ({ ids: [], params: { customer: await m.get('customer') } }),
  'POST /v1/charges/*/capture': async (m) => ({ ids: [(await m.post('/v1/charges', { amount: 500, currency: 'usd', source: 'tok_visa', capture: false })).id], params: {} }),
  'POST /v1/credit_notes': async (m) => ({ ids: [], params: { invoice: await credited(m), amount: 100 } }),
  'POST /v1/credit_notes/*': async (m) => ({ ids: [await credited(m, true)], params: {} }),
  'POST /v1/customer_sessions': async (m) => ({ ids: [], params: { customer: await m.get('customer'), components: { buy_button: { enabled: true } } } }),
  'POST /v1/customers/*/balance_transactions/*': async (m) => ({ ids: await below(m, 'customer', entry, { amount: 5, currency: 'usd' }), params: {} }),
  'POST /v1/customers/*/funding_instructions': async (m) => ({ ids: [await m.get('customer')], params: { currency: 'usd', funding_type: 'bank_transfer', bank_transfer: { type: 'us_bank_transfer' } } }),
  'POST /v1/ephemeral_keys': async (m) => ({ ids: [], params: { customer: await m.get('customer') }, options: { apiVersion: '2024-06-20' } }),
  'POST /v1/file_links': async (m) => ({ ids: [], params: { file: await uploaded(m) } }),
  'POST /v1/file_links/*': async (m) => ({ ids: [(await m.post('/v1/file_links', { file: await uploaded(m) })).id], params: {} }),
  'POST /v1/files': async () => ({ ids: [], params: file }),
  'POST /v1/financial_connections/accounts/*/disconnect': async (m) => ({ ids: [await linked(m)], params: {} }),
  'POST /v1/financial_connections/accounts/*/refresh': async (m) => ({ ids: [await linked(m)], params: { features: ['ownership'] } }),
  'POST /v1/financial_connections/accounts/*/subscribe': async (m) => ({ ids: [await linked(m)], params: { features: ['transactions'] } }),
  'POST /v1/financial_connections/accounts/*/unsubscribe': async (m) => ({ ids: [await linked(m)], params: { features: ['transactions'] } }),
  'POST /v1/invoices/*/add_lines': async (m) => ({ ids: [(await invoice(m)).id], params: { lines: [{ amount: 5, description: 'a' }] } }),
  'POST /v1/invoices/*/attach_payment': async (m) => {
    const { id } = await invoice(m, 'finalize');
    const { amount_remaining: amount } = await m.stripe.invoices.retrieve(id);
    return { ids: [id], params: { payment_intent: await intent(m, { amount }) } };
  },
  'POST /v1/invoices/*/lines/*': async (m) => { const { id, line } = await invoice(m); return { ids: [id, line], params: { description: 'b' } }; },
  'POST /v1/invoices/*/mark_uncollectible': async (m) => ({ ids: [(await invoice(m, 'finalize')).id], params: {} }),
  'POST /v1/invoices/*/remove_lines': async (m) => { const { id, line } = await invoice(m); return { ids: [id], params: { lines: [{ id: line, behavior: 'delete' }] } }; },
  'POST /v1/invoices/*/update_lines': async (m) => { const { id, line } = await invoice(m); return { ids: [id], params: { lines: [{ id: line, description: 'b' }] } }; },
  'POST /v1/invoices/*/void': async (m) => ({ ids: [(await invoice(m, 'finalize')).id], params: {} }),
  'POST /v1/payment_intents/*/capture': async (m) => ({ ids: [await held(m)], params: {} }),
  'POST /v1/payment_intents/*/confirm': async (m) => ({ ids: [await intent(m)], params: { payment_method: 'pm_card_visa' } }),
  'POST /v1/payment_intents/*/increment_authorization': async (m) => ({ ids: [await held(m)], params: { amount: 3000 } }),
  'POST /v1/payment_method_domains/*': async (m) => ({ ids: [await domain(m)], params: {} }),
  'POST /v1/payment_method_domains/*/validate': async (m) => ({ ids: [await domain(m)], params: {} }),
  'POST /v1/payment_methods/*/attach': async (m) => ({ ids: [await m.fresh('payment_method')], params: { customer: await m.get('customer') } }),
  'POST /v1/payment_methods/*/detach': async (m) => {
    const method = await m.fresh('payment_method');
    await m.post(`/v1/payment_methods/${method}/attach`, { customer: await m.get('customer') });
    return { ids: [method], params: {} };
  },
  'POST /v1/payment_records/*/report_refund': async (m) => {
    const id = await m.fresh('payment_record');
    await m.post(`/v1/payment_records/${id}/report_payment_attempt_guaranteed`, { guaranteed_at: m.now });
    return { ids: [id], params: { outcome: 'refunded', refunded: { refunded_at: m.now }, processor_details: { type: 'custom', custom: { refund_reference: 'r' } } } };
  },
  'POST /v1/quotes/*/accept': async (m) => {
    const id = await m.fresh('quote');
    await m.post(`/v1/quotes/${id}/finalize`, {});
    return { ids: [id], params: {} };
  },
  'POST /v1/radar/payment_evaluations': async (m) => ({ ids: [], params: { customer_details: { customer: await m.get('customer') }, payment_details: { amount: 500, currency: 'usd', payment_method_details: { payment_method: await m.get('payment_method') } } } }),
  'POST /v1/subscription_items': async (m) => ({ ids: [], params: { subscription: await m.fresh('subscription'), price: await m.fresh('price') } }),
  'POST /v1/subscription_items/*': async (m) => ({ ids: [await subscribed(m)], params: { quantity: 2 } }),
  'POST /v1/subscriptions/*/resume': async (m) => ({ ids: await paused(m), params: {} }),
  'POST /v1/terminal/onboarding_links': async () => ({ ids: [], params: { link_type: 'apple_terms_and_conditions', link_options: { apple_terms_and_conditions: { merchant_display_name: 'Tea' } } } }),
  'POST /v1/terminal/readers/*/collect_payment_method': async (m) => ({ ids: [await m.fresh('terminal.reader')], params: { payment_intent: await present(m) } }),
  'POST /v1/terminal/readers/*/confirm_payment_intent': async (m) => {
    const payment_intent = await present(m);
    const id = await reader(m, 'collect_payment_method', { payment_intent });
    await m.post(`/v1/test_helpers/terminal/readers/${id}/present_payment_method`, {});
    return { ids: [id], params: { payment_intent } };
  },
  'POST /v1/terminal/readers/*/process_payment_intent': async (m) => ({ ids: [await m.fresh('terminal.reader')], params: { payment_intent: await present(m) } }),
  'POST /v1/terminal/readers/*/refund_payment': async (m) => ({ ids: [await m.fresh('terminal.reader')], params: { charge: await m.fresh('charge') } }),
  'POST /v1/test_helpers/issuing/personalization_designs/*/reject': async (m) => ({ ids: [await m.fresh('issuing.personalization_design')], params: { rejection_reasons: { card_logo: ['other'] } } }),
  'POST /v1/test_helpers/terminal/readers/*/present_payment_method': async (m) => ({ ids: [await reader(m, 'process_payment_intent', { payment_intent: await present(m) })], params: {} }),
  'POST /v1/test_helpers/terminal/readers/*/succeed_input_collection': async (m) => ({ ids: [await asking(m)], params: {} }),
  'POST /v1/test_helpers/terminal/readers/*/timeout_input_collection': async (m) => ({ ids: [await asking(m)], params: {} }),
  'POST /v1/test_helpers/treasury/inbound_transfers/*/return': async (m) => ({ ids: await moved(m, 'treasury.inbound_transfer', 'inbound_transfers', 'succeed'), params: {} }),
  'POST /v1/test_helpers/treasury/outbound_payments/*': async (m) => ({ ids: await moved(m, 'treasury.outbound_payment'), params: tracking }),
  'POST /v1/test_helpers/treasury/outbound_payments/*/return': async (m) => ({ ids: await moved(m, 'treasury.outbound_payment', 'outbound_payments', 'post'), params: {} }),
  'POST /v1/test_helpers/treasury/outbound_transfers/*': async (m) => ({ ids: await moved(m, 'treasury.outbound_transfer'), params: tracking }),
  'POST /v1/test_helpers/treasury/outbound_transfers/*/return': async (m) => ({ ids: await moved(m, 'treasury.outbound_transfer', 'outbound_transfers', 'post'), params: {} }),
  'POST /v1/treasury/financial_accounts/*/close': async (m) => ({ ids: [await m.fresh('treasury.financial_account')], params: {} }),
  'POST /v1/transfers/*/reversals/*': async (m) => ({ ids: await below(m, 'transfer', '/v1/transfers/*/reversals', { amount: 1 }), params: {} }),
  'POST /v1/credit_notes/*/void': async (m) => ({ ids: [(await m.post('/v1/credit_notes', { invoice: (await invoice(m, 'finalize')).id, amount: 100 })).id], params: {} }),
};
