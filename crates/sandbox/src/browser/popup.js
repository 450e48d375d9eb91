// The life of popup.html: takes the options of checkout.js, checks the card, makes a token of it at
// the sandbox's own API, and hands the token to the page that opened the popup.
import { brandOf, cardParams, fault } from '/js.stripe.com/v3/card.js';
import { call } from '/js.stripe.com/v3/api.js';
import { listen, tell } from '/js.stripe.com/v3/channel.js';
import { prepare, valuesOf } from '/js.stripe.com/v3/typing.js';
import { buttonLabel } from './money.js';

const find = (selector) => document.querySelector(selector);
const popup = find('.Popup');
const form = find('.Form');
const complaint = find('.Fault');
const submit = find('.Submit');
const { email } = form.elements;
const cardInputs = ['cardnumber', 'exp-date', 'cvc', 'postal'].map((name) => form.elements[name]);
const FIELD_OF_PARAM = { number: 'cardnumber', exp_month: 'exp-date', exp_year: 'exp-date', cvc: 'cvc', address_zip: 'postal' };

let options = {};
let busy = false;
let needsPostal = false;
let needsAddress = false;
let knownEmail = '';

const isOn = (value) => value === true || value === 'true';
const asked = () => cardInputs.filter((input) => input.name !== 'postal' || needsPostal);

function write(selector, text) {
  const element = find(selector);
  element.textContent = text ?? '';
  element.hidden = !text;
}

function showImage(address) {
  const image = find('.Header-image');
  if (!address || !/^(https?:|data:image\/|\/)/.test(address)) return;
  image.addEventListener('load', () => { image.hidden = false; });
  image.src = address;
}

function open(given) {
  options = given;
  knownEmail = String(given.email ?? '').trim();
  needsAddress = isOn(given.billingAddress) || isOn(given.shippingAddress);
  needsPostal = isOn(given.zipCode) || needsAddress;
  write('.Header-name', given.name || 'Pay by card');
  write('.Header-description', given.description);
  write('.Header-account', knownEmail);
  showImage(given.image);
  find('.Field-email').hidden = Boolean(knownEmail);
  find('.Group-address').hidden = !needsAddress;
  find('[data-postal]').hidden = !needsPostal;
  find('.Submit-text').textContent = buttonLabel(given.panelLabel, given.amount, given.currency);
  popup.hidden = false;
  (knownEmail ? cardInputs[0] : email).focus({ preventScroll: true });
  tell('shown');
}

function close() {
  if (!busy) tell('closed');
}

function mark(input, isWrong) {
  input.setAttribute('aria-invalid', String(isWrong));
  input.closest('.Textbox-inputRow, .Field, .Fieldset-input')?.classList.toggle('is-wrong', isWrong);
}

function complain(message, input) {
  complaint.textContent = message;
  complaint.hidden = !message;
  if (!message) return;
  popup.classList.remove('is-shaken');
  void popup.offsetWidth; // so that the animation starts again
  popup.classList.add('is-shaken');
  if (input) {
    mark(input, true);
    input.focus();
  }
}

function drawBrand() {
  const brand = brandOf(form.elements.cardnumber.value);
  const mark = find('.Brand');
  mark.dataset.brand = brand.name;
  mark.querySelector('b').textContent = brand.name === 'unknown' ? '' : brand.title;
}

function changed(input) {
  drawBrand();
  mark(input, false);
  complain('');
}

/** The first thing that is wrong with what was entered: `{ input, message }`. */
function firstFault() {
  if (!knownEmail && !(email.value.trim() && email.validity.valid)) {
    return { input: email, message: 'Please enter your email address.' };
  }
  if (needsAddress) {
    const fields = ['name', 'address_line1', 'address_city', 'address_country'].map((name) => form.elements[name]);
    const empty = fields.find((input) => !input.value.trim());
    if (empty) return { input: empty, message: 'Please enter your whole address.' };
  }
  const values = valuesOf(cardInputs);
  const wrong = asked().find((input) => fault(input.name, values));
  return wrong && { input: wrong, message: fault(wrong.name, values).message };
}

function addressParams() {
  if (!needsAddress) return {};
  const names = ['name', 'address_line1', 'address_city', 'address_country'];
  return Object.fromEntries(names.map((name) => [name, form.elements[name].value.trim()]));
}

/** The second argument of the page's `token` callback: addresses, for those who asked for one. */
function addressArgs(card) {
  const one = (kind) => ({
    [`${kind}_name`]: card.name,
    [`${kind}_address_line1`]: card.address_line1,
    [`${kind}_address_zip`]: card.address_zip,
    [`${kind}_address_city`]: card.address_city,
    [`${kind}_address_country`]: card.address_country,
    [`${kind}_address_country_code`]: card.address_country,
  });
  return {
    ...(isOn(options.billingAddress) ? one('billing') : {}),
    ...(isOn(options.shippingAddress) ? one('shipping') : {}),
  };
}

function setBusy(yes) {
  busy = yes;
  submit.disabled = yes;
  submit.classList.toggle('is-busy', yes);
  form.setAttribute('aria-busy', String(yes));
}

async function pay() {
  if (busy) return;
  const wrong = firstFault();
  if (wrong) {
    complain(wrong.message, wrong.input);
    return;
  }
  setBusy(true);
  complain('');
  const values = valuesOf(asked());
  const card = { ...cardParams(values), ...addressParams() };
  const caller = { base: window.location.origin, key: options.key, account: options.stripeAccount };
  const token = await call(caller, 'POST', '/v1/tokens', { card });
  setBusy(false);
  if (token.error) {
    complain(token.error.message, form.elements[FIELD_OF_PARAM[token.error.param?.replace(/^card\[(.*)\]$/, '$1')]]);
    return;
  }
  submit.classList.add('is-done');
  tell('token', { token: { ...token, email: knownEmail || email.value.trim() }, args: addressArgs(card) });
}

/** Fills in a test card, and what else is still empty. */
function fillIn(number) {
  const year = (new Date().getFullYear() + 3) % 100;
  const examples = {
    email: 'visitor@example.com', cvc: '123', postal: '94103', 'exp-date': `12 / ${year}`,
    name: 'Jane Miller', address_line1: '1 Lock Lane', address_city: 'San Francisco', address_country: 'US',
  };
  Object.entries(examples).forEach(([name, text]) => {
    const input = form.elements[name];
    if (!input.value) input.value = text;
  });
  form.elements.cardnumber.value = number;
  form.elements.cardnumber.dispatchEvent(new Event('input', { bubbles: true }));
  cardInputs.forEach((input) => mark(input, false));
  submit.focus();
}

/** Keeps the Tab key inside the popup. */
function trapFocus(event) {
  const all = [...popup.querySelectorAll('button, input')].filter((element) => !element.disabled && element.offsetParent);
  const [first, last] = [all[0], all.at(-1)];
  const leaving = event.shiftKey ? first : last;
  if (document.activeElement !== leaving && popup.contains(document.activeElement)) return;
  event.preventDefault();
  (event.shiftKey ? last : first).focus();
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  pay();
});
form.addEventListener('input', (event) => {
  if (!cardInputs.includes(event.target)) changed(event.target);
});
window.addEventListener('keydown', (event) => {
  if (event.key === 'Escape') close();
  if (event.key === 'Tab') trapFocus(event);
});
document.querySelectorAll('[data-close]').forEach((element) => element.addEventListener('click', close));
document.querySelectorAll('[data-fill]').forEach((element) => {
  element.addEventListener('click', () => fillIn(element.dataset.fill));
});
cardInputs.forEach((input) => input.addEventListener('blur', () => {
  const wrong = input.value && fault(input.name, valuesOf(cardInputs));
  mark(input, Boolean(wrong));
}));
prepare(cardInputs, changed);
listen({ open });
tell('ready');
