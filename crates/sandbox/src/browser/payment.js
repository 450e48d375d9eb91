// The life of payment.html: draws a tab for each method of the intent, checks what is entered, and calls
// the API itself with it, so that no card number reaches the shop's page.
import { brandOf, cardParams, fault } from './card.js';
import { call } from './api.js';
import { listen, tell } from './channel.js';
import { prepare, valuesOf } from './typing.js';

const form = document.querySelector('form');
const tabs = document.querySelector('.p-Tabs');
const find = (name) => form.querySelector(`.Input[name="${name}"]`);
const CARD = ['cardnumber', 'exp-date', 'cvc', 'postal'];
const cardInputs = CARD.map(find);
const TITLES = {
  card: 'Card', us_bank_account: 'US bank account', sepa_debit: 'SEPA Debit', ideal: 'iDEAL', bancontact: 'Bancontact', eps: 'EPS', p24: 'Przelewy24',
  klarna: 'Klarna', cashapp: 'Cash App Pay', link: 'Link', alipay: 'Alipay', affirm: 'Affirm', giropay: 'giropay',
};
const BANKS = ['us_bank_account', 'sepa_debit'];
/** Debits whose fields this form does not have. */
const HIDDEN = ['bacs_debit', 'au_becs_debit', 'acss_debit', 'nz_bank_account'];
/** What is offered before there is an intent. */
const OFFERED = { usd: ['card', 'us_bank_account', 'cashapp', 'klarna'], eur: ['card', 'bancontact', 'eps', 'ideal', 'klarna', 'sepa_debit'] };
const VARIABLES = ['colorPrimary', 'colorText', 'colorBackground', 'colorDanger', 'colorTextSecondary', 'colorTextPlaceholder', 'borderRadius', 'spacingUnit', 'fontFamily', 'fontSizeBase'];

let options = {};
let chosen = 'card';
let told = '';
let loadedSecret;

const titleOf = (type) => TITLES[type] ?? type.replace(/_/g, ' ').replace(/^./, (letter) => letter.toUpperCase());

function paint({ theme, variables = {} } = {}) {
  document.body.classList.toggle('is-night', theme === 'night');
  VARIABLES.forEach((name) => {
    if (variables[name]) document.documentElement.style.setProperty(`--${name}`, variables[name]);
  });
}

/** The methods of the intent, or those that the page asks for. */
async function typesOf({ clientSecret, caller, currency, paymentMethodTypes }) {
  if (!clientSecret) return paymentMethodTypes ?? OFFERED[currency] ?? ['card'];
  const id = String(clientSecret).split('_secret_')[0];
  const plural = id.startsWith('seti_') ? 'setup_intents' : 'payment_intents';
  const intent = await call({ ...caller, base: window.location.origin }, 'GET', `/v1/${plural}/${encodeURIComponent(id)}`, { client_secret: clientSecret });
  if (intent.error) {
    tell('loaderror', { error: intent.error });
    return ['card'];
  }
  return intent.payment_method_types;
}

function draw(types) {
  const shown = types.filter((type) => !HIDDEN.includes(type));
  const order = options.paymentMethodOrder ?? [];
  shown.sort((one, other) => (order.indexOf(one) + 1 || 99) - (order.indexOf(other) + 1 || 99));
  if (!shown.includes(chosen)) [chosen = 'card'] = shown;
  tabs.hidden = shown.length < 2;
  tabs.replaceChildren(...shown.map((type) => {
    const label = Object.assign(document.createElement('label'), { className: 'Tab' });
    const input = Object.assign(document.createElement('input'), { type: 'radio', name: 'type', value: type, checked: type === chosen });
    input.addEventListener('change', () => choose(type));
    label.append(input, titleOf(type));
    return label;
  }));
  choose(chosen);
}

function choose(type) {
  chosen = type;
  const group = type === 'card' ? 'card' : BANKS.includes(type) ? 'bank' : 'other';
  form.querySelectorAll('[data-fields]').forEach((element) => { element.hidden = element.dataset.fields !== group; });
  form.querySelectorAll('[data-only]').forEach((element) => { element.hidden = element.dataset.only !== type; });
  report();
}

/** The inputs of the chosen method. */
const inputs = () => [...form.querySelectorAll('.Input')].filter((input) => !input.closest('[hidden]'));

function faultOf(input) {
  if (CARD.includes(input.name)) return fault(input.name, valuesOf(cardInputs));
  const needed = { holder: 'name', email: 'email address', iban: 'IBAN', routing: 'routing number', account: 'account number' }[input.name];
  const value = input.value.trim();
  if (input.name === 'email' && value && !value.includes('@')) return { type: 'validation_error', code: 'invalid_email', message: 'Your email address is invalid.' };
  return value ? null : { type: 'validation_error', code: `incomplete_${input.name}`, message: `Your ${needed} is incomplete.` };
}

function mark(input, found) {
  const line = document.getElementById(`${input.id}-error`);
  line.textContent = found?.message ?? '';
  line.hidden = !found;
  input.setAttribute('aria-invalid', String(Boolean(found)));
  if (found) input.setAttribute('aria-describedby', line.id);
  else input.removeAttribute('aria-describedby');
}

function report() {
  const state = {
    empty: inputs().every((input) => input.value === ''),
    complete: inputs().every((input) => !faultOf(input)),
    collapsed: false,
    value: { type: chosen },
    brand: brandOf(cardInputs[0].value).name,
  };
  measure();
  const text = JSON.stringify(state);
  if (text === told) return;
  const isFirst = told === '';
  told = text;
  if (!isFirst) tell('change', state);
}

function measure() {
  const height = Math.ceil(form.getBoundingClientRect().height);
  if (height > 0) tell('height', { height });
}

async function take(given) {
  options = given;
  paint(given.appearance);
  const isFirst = loadedSecret === undefined;
  if (isFirst || loadedSecret !== (given.clientSecret ?? '')) {
    loadedSecret = given.clientSecret ?? '';
    draw(await typesOf(given));
  } else {
    draw([...tabs.querySelectorAll('input')].map((input) => input.value));
  }
  const { email, name, address } = given.defaultValues?.billingDetails ?? {};
  [['email', email], ['holder', name], ['postal', address?.postal_code]].forEach(([field, value]) => {
    if (value && !find(field).value) find(field).value = value;
  });
  if (isFirst) tell('ready');
}

/** Shows what is missing; `{ error }` or `{ selectedPaymentMethod }`. */
function check() {
  const wrong = inputs().filter((input) => { const found = faultOf(input); mark(input, found); return found; });
  measure();
  if (wrong.length === 0) return { selectedPaymentMethod: chosen };
  wrong[0].focus();
  return { error: faultOf(wrong[0]) };
}

/** The fields of a payment method. */
function methodData() {
  const { address_zip: postal, ...card } = cardParams(valuesOf(cardInputs));
  if (chosen === 'card') {
    return { type: 'card', card, billing_details: postal ? { address: { postal_code: postal } } : {} };
  }
  const details = { name: find('holder').value.trim(), email: find('email').value.trim() };
  if (chosen === 'sepa_debit') return { type: chosen, sepa_debit: { iban: find('iban').value }, billing_details: details };
  if (chosen === 'us_bank_account') {
    const account = { routing_number: find('routing').value, account_number: find('account').value, account_holder_type: 'individual' };
    return { type: chosen, us_bank_account: account, billing_details: details };
  }
  return { type: chosen, [chosen]: {} };
}

async function callWithMethod({ caller, path, params, at }) {
  const { error } = check();
  if (error) return { error };
  const own = methodData();
  const given = at ? params[at] ?? {} : params;
  const billing = { ...own.billing_details, ...given.billing_details, address: { ...own.billing_details?.address, ...given.billing_details?.address } };
  const whole = { ...given, ...own, billing_details: billing };
  return call({ ...caller, base: window.location.origin }, 'POST', path, at ? { ...params, [at]: whole } : whole);
}

function clear() {
  form.querySelectorAll('.Input').forEach((input) => { input.value = ''; mark(input, null); });
  report();
}

form.addEventListener('submit', (event) => event.preventDefault());
form.querySelectorAll('.Input').forEach((input) => {
  input.addEventListener('focus', () => tell('focus'));
  input.addEventListener('blur', () => {
    tell('blur');
    if (input.value) mark(input, faultOf(input));
    measure();
  });
  input.addEventListener('keydown', (event) => { if (event.key === 'Escape') tell('escape'); });
  input.addEventListener('input', () => { mark(input, null); report(); });
});
prepare(cardInputs, report);
new ResizeObserver(measure).observe(form);
listen({ options: take, clear, focus: () => inputs()[0]?.focus(), blur: () => document.activeElement?.blur(), check, call: callWithMethod });
tell('loaded');
